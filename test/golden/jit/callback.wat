(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (import "e" "h0_for_each_map_elem" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 0
      (i64.const $map0))
    (local.set 1
      (i64.const -4294967295))
    (local.set 2
      (i64.or
        (i64.extend_i32_u
          (local.get 5))
        (i64.const -131391639519232)))
    (local.set 2
      (i64.add
        (local.get 2)
        (i64.const -8)))
    (local.set 3
      (i64.const 0))
    (i64.store offset=56 align=1
      (local.get 17)
      (i64.const 0))
    (i32.store offset=4 align=1
      (i32.const $scratch)
      (local.get 17))
    (local.set 6
      (i64.extend_i32_s
        (call 0
          (i32.wrap_i64
            (local.get 0))
          (i32.wrap_i64
            (local.get 1))
          (i32.wrap_i64
            (i64.shr_u
              (local.get 1)
              (i64.const 32)))
          (i32.wrap_i64
            (local.get 2))
          (i32.wrap_i64
            (i64.shr_u
              (local.get 2)
              (i64.const 32)))
          (i32.wrap_i64
            (local.get 3))
          (i32.wrap_i64
            (i64.shr_u
              (local.get 3)
              (i64.const 32))))))
    (return
      (local.get 6))
    (unreachable))
  (func (;2;) (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 6
      (i64.const 0))
    (return
      (local.get 6))
    (unreachable))
