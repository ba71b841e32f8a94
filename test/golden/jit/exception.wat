(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (import "e" "h0_throw" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 0
      (i64.const 42))
    (drop
      (call 0
        (i32.wrap_i64
          (local.get 0))
        (i32.wrap_i64
          (i64.shr_u
            (local.get 0)
            (i64.const 32)))))
    (local.set 6
      (i64.const 0))
    (local.set 6
      (i64.const 2))
    (return
      (local.get 6))
    (unreachable))
