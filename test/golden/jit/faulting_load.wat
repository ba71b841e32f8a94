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
    (local.set 1
      (i64.load offset=8 align=1
        (i32.wrap_i64
          (local.get 0))))
    (local.set 6
      (if (result i64)  ;; label = @1
        (i32.and
          (i32.eq
            (i32.wrap_i64
              (i64.shr_u
                (local.get 1)
                (i64.const 32)))
            (i32.const -30592))
          (i32.le_u
            (i32.sub
              (local.tee 13
                (i32.add
                  (i32.wrap_i64
                    (local.get 1))
                  (i32.const -4)))
              (i32.const 65536))
            (i32.const 16711678)))
        (then
          (i64.load16_s align=1
            (local.get 13)))
        (else
          (i64.const 0))))
    (return
      (local.get 6))
    (unreachable))
