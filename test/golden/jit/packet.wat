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
    (block  ;; label = @1
      (local.set 1
        (i64.load offset=256 align=1
          (i32.wrap_i64
            (local.get 0))))
      (local.set 2
        (i64.load offset=264 align=1
          (i32.wrap_i64
            (local.get 0))))
      (local.set 6
        (i64.const 1))
      (local.set 3
        (local.get 1))
      (local.set 3
        (i64.add
          (local.get 3)
          (i64.const 14)))
      (br_if 0 (;@1;)
        (i64.gt_u
          (local.get 3)
          (local.get 2)))
      (local.set 6
        (i64.load16_u offset=12 align=1
          (i32.wrap_i64
            (local.get 1))))
      (i64.store8
        (i32.wrap_i64
          (local.get 1))
        (i64.const 7))
      (br 0 (;@1;)))
    (return
      (local.get 6))
    (unreachable))
