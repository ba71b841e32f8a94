(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32 i32 i32) (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (import "e" "update_0" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (i64.store32 offset=60 align=1
      (local.get 17)
      (i64.const 1))
    (i64.store offset=48 align=1
      (local.get 17)
      (i64.const 5))
    (local.set 0
      (i64.const $map0))
    (local.set 1
      (i64.or
        (i64.extend_i32_u
          (local.get 5))
        (i64.const -131391639519232)))
    (local.set 1
      (i64.add
        (local.get 1)
        (i64.const -4)))
    (local.set 2
      (i64.or
        (i64.extend_i32_u
          (local.get 5))
        (i64.const -131391639519232)))
    (local.set 2
      (i64.add
        (local.get 2)
        (i64.const -16)))
    (local.set 3
      (i64.const 0))
    (local.set 6
      (i64.extend_i32_s
        (call 0
          (i32.wrap_i64
            (local.get 1))
          (i32.wrap_i64
            (local.get 2))
          (select
            (i32.wrap_i64
              (local.get 3))
            (i32.const -1)
            (i32.eqz
              (i32.wrap_i64
                (i64.shr_u
                  (local.get 3)
                  (i64.const 32))))))))
    (return
      (local.get 6))
    (unreachable))
