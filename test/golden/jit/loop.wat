(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func (param i32 i32) (result i32)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;0;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 6
      (i64.const 0))
    (local.set 0
      (i64.const 10))
    (loop  ;; label = @1
      (local.set 6
        (i64.add
          (local.get 6)
          (local.get 0)))
      (local.set 0
        (i64.sub
          (local.get 0)
          (i64.const 1)))
      (br_if 0 (;@1;)
        (i64.ne
          (local.get 0)
          (i64.const 0)))
      (return
        (local.get 6)))
    (unreachable))
