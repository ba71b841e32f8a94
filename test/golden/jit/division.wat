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
      (i64.load align=1
        (i32.wrap_i64
          (local.get 0))))
    (local.set 1
      (i64.load offset=8 align=1
        (i32.wrap_i64
          (local.get 0))))
    (if  ;; label = @1
      (i64.eqz
        (local.get 1))
      (then
        (local.set 6
          (i64.const 0)))
      (else
        (local.set 6
          (i64.div_u
            (local.get 6)
            (local.get 1)))))
    (if  ;; label = @1
      (i32.eqz
        (i32.wrap_i64
          (local.get 1)))
      (then
        (local.set 6
          (i64.extend_i32_u
            (i32.wrap_i64
              (local.get 6)))))
      (else
        (local.set 6
          (i64.extend_i32_u
            (i32.rem_s
              (i32.wrap_i64
                (local.get 6))
              (i32.wrap_i64
                (local.get 1)))))))
    (local.set 6
      (i64.div_u
        (local.get 6)
        (i64.const 10)))
    (return
      (local.get 6))
    (unreachable))
