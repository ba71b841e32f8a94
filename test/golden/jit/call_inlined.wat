(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func (param i32 i32) (result i32)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;0;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 0
      (i64.const 5))
    (local.get 0)
    (local.get 1)
    (local.get 2)
    (local.get 3)
    (local.set 25
      (local.get 4))
    (local.set 24)
    (local.set 23)
    (local.set 22)
    (local.set 21)
    (local.set 30
      (i32.sub
        (local.get 17)
        (i32.const 64)))
    (local.set 6
      (block (result i64)  ;; label = @1
        (local.set 20
          (local.get 21))
        (local.set 20
          (i64.add
            (local.get 20)
            (local.get 20)))
        (br 0 (;@1;)
          (local.get 20))
        (unreachable)))
    (local.set 6
      (i64.add
        (local.get 6)
        (i64.const 1)))
    (return
      (local.get 6))
    (unreachable))
  (func (;1;) (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 6
      (local.get 0))
    (local.set 6
      (i64.add
        (local.get 6)
        (local.get 6)))
    (return
      (local.get 6))
    (unreachable))
