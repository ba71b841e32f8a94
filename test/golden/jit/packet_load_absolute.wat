(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32 i32 i32) (result f64)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (import "e" "load_abs" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 7
      (local.get 0))
    (if  ;; label = @1
      (f64.lt
        (local.tee 19
          (call 0
            (i32.wrap_i64
              (local.get 7))
            (i32.const 14)
            (i32.const 1)))
        (f64.const 0x0p+0 (;=0;)))
      (then
        (return
          (i64.const 0))))
    (local.set 6
      (i64.trunc_f64_u
        (local.get 19)))
    (local.set 8
      (local.get 6))
    (if  ;; label = @1
      (f64.lt
        (local.tee 19
          (call 0
            (i32.wrap_i64
              (local.get 7))
            (i32.const 26)
            (i32.const 4)))
        (f64.const 0x0p+0 (;=0;)))
      (then
        (return
          (i64.const 0))))
    (local.set 6
      (i64.trunc_f64_u
        (local.get 19)))
    (local.set 6
      (i64.add
        (local.get 6)
        (local.get 8)))
    (return
      (local.get 6))
    (unreachable))
