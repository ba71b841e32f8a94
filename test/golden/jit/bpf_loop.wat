(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (import "e" "budget" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64 i32 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 0
      (i64.const 5))
    (local.set 1
      (i64.const -4294967295))
    (local.set 2
      (i64.const 0))
    (local.set 3
      (i64.const 0))
    (if  ;; label = @1
      (i64.gt_u
        (local.get 0)
        (i64.const 8388608))
      (then
        (local.set 6
          (i64.const 4294967289)))
      (else
        (local.set 20
          (i32.const 0))
        (block  ;; label = @2
          (loop  ;; label = @3
            (br_if 1 (;@2;)
              (i32.ge_u
                (local.get 20)
                (i32.wrap_i64
                  (local.get 0))))
            (i32.store offset=8 align=1
              (i32.const $scratch)
              (local.tee 13
                (i32.sub
                  (i32.load offset=8 align=1
                    (i32.const $scratch))
                  (i32.const 1))))
            (if  ;; label = @4
              (i32.lt_s
                (local.get 13)
                (i32.const 0))
              (then
                (call 0)))
            (i64.extend_i32_u
              (local.get 20))
            (local.get 2)
            (i64.const 0)
            (i64.const 0)
            (local.set 26
              (i64.const 0))
            (local.set 25)
            (local.set 24)
            (local.set 23)
            (local.set 22)
            (local.set 31
              (i32.sub
                (local.get 17)
                (i32.const 64)))
            (block (result i64)  ;; label = @4
              (local.set 21
                (i64.const 0))
              (br 0 (;@4;)
                (local.get 21))
              (unreachable))
            (local.set 20
              (i32.add
                (local.get 20)
                (i32.const 1)))
            (br_if 0 (;@3;)
              (i64.eqz))))
        (local.set 6
          (i64.extend_i32_u
            (local.get 20)))))
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
