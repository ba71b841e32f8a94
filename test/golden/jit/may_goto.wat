(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param f64) (result f64)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (import "e" "may_goto" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 16
      (i32.const 256))
    (local.set 18
      (f64.convert_i32_u
        (i32.const 8)))
    (local.set 6
      (i64.const 0))
    (loop  ;; label = @1
      (local.set 6
        (i64.add
          (local.get 6)
          (i64.const 1)))
      (if  ;; label = @2
        (i32.eqz
          (local.tee 13
            (i32.eqz
              (local.get 16))))
        (then
          (if  ;; label = @3
            (i32.eqz
              (local.tee 16
                (i32.sub
                  (local.get 16)
                  (i32.const 1))))
            (then
              (if  ;; label = @4
                (f64.ge
                  (local.tee 18
                    (call 0
                      (local.get 18)))
                  (f64.const 0x0p+0 (;=0;)))
                (then
                  (local.set 16
                    (i32.load offset=72 align=1
                      (i32.const $scratch)))))))))
      (if  ;; label = @2
        (local.get 13)
        (then
          (return
            (local.get 6)))
        (else
          (br 1 (;@1;)))))
    (unreachable))
