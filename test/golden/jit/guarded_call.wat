(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func (param i32 i32) (result i32)))
  (import "e" "caught" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64 i32)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 20
      (i32.load offset=60 align=1
        (i32.const $scratch)))
    (local.set 6
      (try (result i64)  ;; label = @1
        (do
          (call 2
            (local.get 0)
            (local.get 1)
            (local.get 2)
            (local.get 3)
            (local.get 4)
            (local.get 17))
          (i32.store offset=60 align=1
            (i32.const $scratch)
            (local.get 20)))
        (catch_all
          (if  ;; label = @2
            (i32.eqz
              (call 0
                (local.get 20)))
            (then
              (rethrow 1 (;@1;))))
          (i64.load offset=16 align=1
            (i32.const $scratch)))))
    (local.set 6
      (i64.add
        (local.get 6)
        (i64.const 1)))
    (return
      (local.get 6))
    (unreachable))
  (func (;2;) (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 1
      (i64.const $map0))
    (local.set 2
      (i64.const 1))
    (if  ;; label = @1
      (i32.and
        (i32.lt_u
          (i32.load offset=56 align=1
            (i32.const $scratch))
          (i32.const 33))
        (i32.lt_u
          (i32.wrap_i64
            (local.get 2))
          (i32.const 4)))
      (then
        (if  ;; label = @2
          (local.tee 13
            (i32.load offset=$map0.values+4 align=1
              (i32.shl
                (i32.wrap_i64
                  (local.get 2))
                (i32.const 3))))
          (then
            (i32.store offset=56 align=1
              (i32.const $scratch)
              (i32.add
                (i32.load offset=56 align=1
                  (i32.const $scratch))
                (i32.const 1)))
            (i32.store offset=60 align=1
              (i32.const $scratch)
              (i32.load offset=56 align=1
                (i32.const $scratch)))
            (return_call_indirect (type 0)
              (local.get 0)
              (i64.const 0)
              (i64.const 0)
              (i64.const 0)
              (i64.const 0)
              (local.get 5)
              (local.get 13))))))
    (local.set 6
      (i64.const 0))
    (return
      (local.get 6))
    (unreachable))
