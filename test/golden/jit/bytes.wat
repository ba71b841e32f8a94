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
      (i64.load32_u align=1
        (i32.wrap_i64
          (local.get 0))))
    (local.set 6
      (i64.extend_i32_u
        (i32.shr_u
          (i32.or
            (i32.and
              (i32.rotl
                (local.tee 13
                  (i32.wrap_i64
                    (local.get 6)))
                (i32.const 8))
              (i32.const 16711935))
            (i32.and
              (i32.rotr
                (local.get 13)
                (i32.const 8))
              (i32.const -16711936)))
          (i32.const 16))))
    (local.set 6
      (i64.or
        (i64.shl
          (i64.extend_i32_u
            (i32.or
              (i32.and
                (i32.rotl
                  (local.tee 13
                    (i32.wrap_i64
                      (local.get 6)))
                  (i32.const 8))
                (i32.const 16711935))
              (i32.and
                (i32.rotr
                  (local.get 13)
                  (i32.const 8))
                (i32.const -16711936))))
          (i64.const 32))
        (i64.extend_i32_u
          (i32.or
            (i32.and
              (i32.rotl
                (local.tee 13
                  (i32.wrap_i64
                    (i64.shr_u
                      (local.get 6)
                      (i64.const 32))))
                (i32.const 8))
              (i32.const 16711935))
            (i32.and
              (i32.rotr
                (local.get 13)
                (i32.const 8))
              (i32.const -16711936))))))
    (local.set 6
      (i64.and
        (local.get 6)
        (i64.const 4294967295)))
    (return
      (local.get 6))
    (unreachable))
