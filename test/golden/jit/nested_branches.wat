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
      (local.set 6
        (i64.load32_u align=1
          (i32.wrap_i64
            (local.get 0))))
      (if  ;; label = @2
        (i64.gt_u
          (local.get 6)
          (i64.const 10))
        (then
          (local.set 6
            (i64.const 100))
          (br 1 (;@1;)))
        (else
          (if  ;; label = @3
            (i64.eq
              (local.get 6)
              (i64.const 3))
            (then
              (local.set 6
                (i64.const 33))
              (br 2 (;@1;)))
            (else
              (local.set 6
                (i64.const 0))
              (br 2 (;@1;)))))))
    (local.set 6
      (i64.add
        (local.get 6)
        (i64.const 1)))
    (return
      (local.get 6))
    (unreachable))
