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
        (call 2
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
  (func (;2;) (type 1) (param i32 i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32)
    (if  ;; label = @1
      (i32.gt_u
        (local.get 2)
        (i32.const 2))
      (then
        (return
          (call 0
            (local.get 0)
            (local.get 1)
            (local.get 2)))))
    (block  ;; label = @1
      (block  ;; label = @2
        (local.set 3
          (i32.const 2088396727))
        (local.set 4
          (i32.const 2088396727))
        (local.set 5
          (i32.const 2088396727))
        (local.set 3
          (i32.add
            (local.get 3)
            (i32.or
              (i32.load16_u align=1
                (local.get 0))
              (i32.shl
                (i32.load8_u offset=2
                  (local.get 0))
                (i32.const 16)))))
        (local.set 5
          (i32.sub
            (i32.xor
              (local.get 5)
              (local.get 4))
            (i32.rotl
              (local.get 4)
              (i32.const 14))))
        (local.set 3
          (i32.sub
            (i32.xor
              (local.get 3)
              (local.get 5))
            (i32.rotl
              (local.get 5)
              (i32.const 11))))
        (local.set 4
          (i32.sub
            (i32.xor
              (local.get 4)
              (local.get 3))
            (i32.rotl
              (local.get 3)
              (i32.const 25))))
        (local.set 5
          (i32.sub
            (i32.xor
              (local.get 5)
              (local.get 4))
            (i32.rotl
              (local.get 4)
              (i32.const 16))))
        (local.set 3
          (i32.sub
            (i32.xor
              (local.get 3)
              (local.get 5))
            (i32.rotl
              (local.get 5)
              (i32.const 4))))
        (local.set 4
          (i32.sub
            (i32.xor
              (local.get 4)
              (local.get 3))
            (i32.rotl
              (local.get 3)
              (i32.const 14))))
        (local.set 5
          (i32.sub
            (i32.xor
              (local.get 5)
              (local.get 4))
            (i32.rotl
              (local.get 4)
              (i32.const 24))))
        (local.set 6
          (i32.add
            (i32.shl
              (i32.and
                (local.get 5)
                (i32.const 3))
              (i32.const 2))
            (i32.const $map0.table)))
        (loop  ;; label = @3
          (if  ;; label = @4
            (i32.eqz
              (local.tee 7
                (i32.load align=1
                  (local.get 6))))
            (then
              (br 2 (;@2;))))
          (if  ;; label = @4
            (i32.eqz
              (i32.and
                (i32.and
                  (i32.eq
                    (i32.load offset=4 align=1
                      (local.get 7))
                    (local.get 5))
                  (i32.eq
                    (i32.load16_u align=1
                      (local.get 0))
                    (i32.load16_u offset=8 align=1
                      (local.get 7))))
                (i32.eq
                  (i32.load8_u offset=2
                    (local.get 0))
                  (i32.load8_u offset=10
                    (local.get 7)))))
            (then
              (local.set 6
                (local.get 7))
              (br 1 (;@3;)))))
        (if  ;; label = @3
          (i32.eq
            (local.get 2)
            (i32.const 1))
          (then
            (return
              (i32.const -17))))
        (if  ;; label = @3
          (i32.eqz
            (local.tee 8
              (i32.load offset=$map0.heads align=1
                (i32.mul
                  (i32.load align=1
                    (i32.const $scratch.cpu))
                  (i32.const 4)))))
          (then
            (return
              (call 0
                (local.get 0)
                (local.get 1)
                (local.get 2)))))
        (i32.store offset=$map0.heads align=1
          (i32.mul
            (i32.load align=1
              (i32.const $scratch.cpu))
            (i32.const 4))
          (i32.load offset=4 align=1
            (local.get 8)))
        (i32.store offset=$map0.free align=1
          (i32.const 0)
          (i32.add
            (i32.load offset=$map0.free align=1
              (i32.const 0))
            (i32.const -1)))
        (local.set 9
          (local.get 7))
        (i32.store align=1
          (local.get 6)
          (i32.load align=1
            (local.get 7)))
        (br 1 (;@1;)))
      (if  ;; label = @2
        (i32.eq
          (local.get 2)
          (i32.const 2))
        (then
          (return
            (i32.const -2))))
      (if  ;; label = @2
        (i32.ge_u
          (i32.load offset=$map0.count align=1
            (i32.const 0))
          (i32.const 4))
        (then
          (return
            (i32.const -7))))
      (if  ;; label = @2
        (i32.eqz
          (local.tee 8
            (i32.load offset=$map0.heads align=1
              (i32.mul
                (i32.load align=1
                  (i32.const $scratch.cpu))
                (i32.const 4)))))
        (then
          (return
            (call 0
              (local.get 0)
              (local.get 1)
              (local.get 2)))))
      (i32.store offset=$map0.heads align=1
        (i32.mul
          (i32.load align=1
            (i32.const $scratch.cpu))
          (i32.const 4))
        (i32.load offset=4 align=1
          (local.get 8)))
      (i32.store offset=$map0.free align=1
        (i32.const 0)
        (i32.add
          (i32.load offset=$map0.free align=1
            (i32.const 0))
          (i32.const -1)))
      (i32.store offset=$map0.count align=1
        (i32.const 0)
        (i32.add
          (i32.load offset=$map0.count align=1
            (i32.const 0))
          (i32.const 1))))
    (i32.store offset=4 align=1
      (local.get 8)
      (local.get 5))
    (i64.store offset=8 align=1
      (local.get 8)
      (i64.const 0))
    (local.get 8)
    (i32.load16_u align=1
      (local.get 0))
    (i32.store8 offset=10
      (local.get 8)
      (i32.load8_u offset=2
        (local.get 0)))
    (i32.store16 offset=8 align=1)
    (memory.copy
      (i32.add
        (local.get 8)
        (i32.const 16))
      (i32.add
        (local.get 1)
        (i32.const 0))
      (i32.const 72))
    (local.set 6
      (i32.add
        (i32.shl
          (i32.and
            (local.get 5)
            (i32.const 3))
          (i32.const 2))
        (i32.const $map0.table)))
    (i32.store align=1
      (local.get 8)
      (i32.load align=1
        (local.get 6)))
    (i32.store align=1
      (local.get 6)
      (local.get 8))
    (if  ;; label = @1
      (local.get 9)
      (then
        (i32.store offset=4 align=1
          (local.get 9)
          (i32.load offset=$map0.heads align=1
            (i32.mul
              (i32.load align=1
                (i32.const $scratch.cpu))
              (i32.const 4))))
        (i32.store offset=$map0.heads align=1
          (i32.mul
            (i32.load align=1
              (i32.const $scratch.cpu))
            (i32.const 4))
          (local.get 9))
        (i32.store offset=$map0.free align=1
          (i32.const 0)
          (i32.add
            (i32.load offset=$map0.free align=1
              (i32.const 0))
            (i32.const 1)))))
    (i32.const 0))
