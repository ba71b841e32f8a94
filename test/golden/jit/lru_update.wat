(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32 i32 i32) (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (import "e" "update_0" (func (;0;) (type 1)))
  (import "e" "remove_0" (func (;1;) (type 2)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;2;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
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
        (call 3
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
    (local.set 6
      (i64.extend_i32_s
        (call 4
          (i32.wrap_i64
            (local.get 1)))))
    (return
      (local.get 6))
    (unreachable))
  (func (;3;) (type 1) (param i32 i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (if  ;; label = @1
      (local.get 2)
      (then
        (return
          (call 0
            (local.get 0)
            (local.get 1)
            (local.get 2)))))
    (block  ;; label = @1
      (local.set 3
        (i32.const 2088396728))
      (local.set 4
        (i32.const 2088396728))
      (local.set 5
        (i32.const 2088396728))
      (local.set 3
        (i32.add
          (local.get 3)
          (i32.load align=1
            (local.get 0))))
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
      (loop  ;; label = @2
        (if  ;; label = @3
          (i32.eqz
            (local.tee 7
              (i32.load align=1
                (local.get 6))))
          (then
            (br 2 (;@1;))))
        (if  ;; label = @3
          (i32.eqz
            (i32.and
              (i32.eq
                (i32.load offset=4 align=1
                  (local.get 7))
                (local.get 5))
              (i32.eq
                (i32.load align=1
                  (local.get 0))
                (i32.load offset=16 align=1
                  (local.get 7)))))
          (then
            (local.set 6
              (local.get 7))
            (br 1 (;@2;)))))
      (local.set 13
        (i32.load offset=8 align=1
          (local.get 7)))
      (if  ;; label = @2
        (i32.ne
          (i32.load8_u offset=8
            (local.get 13))
          (i32.const 4))
        (then
          (return
            (call 0
              (local.get 0)
              (local.get 1)
              (local.get 2)))))
      (local.set 9
        (local.get 7))
      (local.set 10
        (local.get 6)))
    (if  ;; label = @1
      (i32.eq
        (local.tee 11
          (i32.load offset=4 align=1
            (local.tee 12
              (i32.add
                (i32.mul
                  (i32.load align=1
                    (i32.const $scratch.cpu))
                  (i32.const 32))
                (i32.const $map0.free.next)))))
        (local.get 12))
      (then
        (return
          (call 0
            (local.get 0)
            (local.get 1)
            (local.get 2)))))
    (local.set 13
      (i32.load offset=4 align=1
        (local.get 11)))
    (i32.store offset=4 align=1
      (local.get 12)
      (local.get 13))
    (i32.store align=1
      (local.get 13)
      (local.get 12))
    (i32.store offset=8 align=1
      (local.get 11)
      (i32.or
        (i32.mul
          (i32.load align=1
            (i32.const $scratch.cpu))
          (i32.const 256))
        (i32.const 4)))
    (i32.store offset=12 align=1
      (local.get 11)
      (i32.ne
        (local.get 9)
        (i32.const 0)))
    (local.set 12
      (i32.add
        (local.get 12)
        (i32.const 16)))
    (local.set 13
      (i32.load align=1
        (local.get 12)))
    (i32.store align=1
      (local.get 11)
      (local.get 13))
    (i32.store offset=4 align=1
      (local.get 11)
      (local.get 12))
    (i32.store offset=4 align=1
      (local.get 13)
      (local.get 11))
    (i32.store align=1
      (local.get 12)
      (local.get 11))
    (local.set 8
      (i32.add
        (i32.mul
          (i32.div_u
            (i32.sub
              (local.get 11)
              (i32.const $map0.nodes))
            (i32.const 16))
          (i32.const 32))
        (i32.const $map0.elements)))
    (i32.store offset=4 align=1
      (local.get 8)
      (local.get 5))
    (i64.store offset=16 align=1
      (local.get 8)
      (i64.const 0))
    (i32.store offset=16 align=1
      (local.get 8)
      (i32.load align=1
        (local.get 0)))
    (i64.store offset=24 align=1
      (local.get 8)
      (i64.load align=1
        (local.get 1)))
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
        (i32.store align=1
          (select
            (local.get 8)
            (local.get 10)
            (i32.eq
              (local.get 10)
              (local.get 6)))
          (i32.load align=1
            (local.get 9)))
        (local.set 11
          (i32.load offset=8 align=1
            (local.get 9)))
        (i32.store8 offset=8
          (local.get 11)
          (i32.const 3))
        (i32.store offset=12 align=1
          (local.get 11)
          (i32.const 0))
        (local.set 13
          (i32.load align=1
            (local.get 11)))
        (i32.store align=1
          (i32.load offset=4 align=1
            (local.get 11))
          (local.get 13))
        (i32.store offset=4 align=1
          (local.get 13)
          (i32.load offset=4 align=1
            (local.get 11)))
        (local.set 12
          (i32.load offset=$map0.free.prev align=1
            (i32.mul
              (i32.shr_u
                (i32.load offset=8 align=1
                  (local.get 11))
                (i32.const 8))
              (i32.const 32))))
        (local.set 13
          (i32.load align=1
            (local.get 12)))
        (i32.store align=1
          (local.get 11)
          (local.get 13))
        (i32.store offset=4 align=1
          (local.get 11)
          (local.get 12))
        (i32.store offset=4 align=1
          (local.get 13)
          (local.get 11))
        (i32.store align=1
          (local.get 12)
          (local.get 11)))
      (else
        (i32.store offset=$map0.count align=1
          (i32.const 0)
          (i32.add
            (i32.load offset=$map0.count align=1
              (i32.const 0))
            (i32.const 1)))))
    (i32.const 0))
  (func (;4;) (type 2) (param i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32)
    (local.set 1
      (i32.const 2088396728))
    (local.set 2
      (i32.const 2088396728))
    (local.set 3
      (i32.const 2088396728))
    (local.set 1
      (i32.add
        (local.get 1)
        (i32.load align=1
          (local.get 0))))
    (local.set 3
      (i32.sub
        (i32.xor
          (local.get 3)
          (local.get 2))
        (i32.rotl
          (local.get 2)
          (i32.const 14))))
    (local.set 1
      (i32.sub
        (i32.xor
          (local.get 1)
          (local.get 3))
        (i32.rotl
          (local.get 3)
          (i32.const 11))))
    (local.set 2
      (i32.sub
        (i32.xor
          (local.get 2)
          (local.get 1))
        (i32.rotl
          (local.get 1)
          (i32.const 25))))
    (local.set 3
      (i32.sub
        (i32.xor
          (local.get 3)
          (local.get 2))
        (i32.rotl
          (local.get 2)
          (i32.const 16))))
    (local.set 1
      (i32.sub
        (i32.xor
          (local.get 1)
          (local.get 3))
        (i32.rotl
          (local.get 3)
          (i32.const 4))))
    (local.set 2
      (i32.sub
        (i32.xor
          (local.get 2)
          (local.get 1))
        (i32.rotl
          (local.get 1)
          (i32.const 14))))
    (local.set 3
      (i32.sub
        (i32.xor
          (local.get 3)
          (local.get 2))
        (i32.rotl
          (local.get 2)
          (i32.const 24))))
    (local.set 4
      (i32.add
        (i32.shl
          (i32.and
            (local.get 3)
            (i32.const 3))
          (i32.const 2))
        (i32.const $map0.table)))
    (loop  ;; label = @1
      (if  ;; label = @2
        (i32.eqz
          (local.tee 5
            (i32.load align=1
              (local.get 4))))
        (then
          (return
            (i32.const -2))))
      (if  ;; label = @2
        (i32.eqz
          (i32.and
            (i32.eq
              (i32.load offset=4 align=1
                (local.get 5))
              (local.get 3))
            (i32.eq
              (i32.load align=1
                (local.get 0))
              (i32.load offset=16 align=1
                (local.get 5)))))
        (then
          (local.set 4
            (local.get 5))
          (br 1 (;@1;)))))
    (local.set 6
      (i32.load offset=8 align=1
        (local.get 5)))
    (if  ;; label = @1
      (i32.ne
        (i32.load8_u offset=8
          (local.get 6))
        (i32.const 4))
      (then
        (return
          (call 1
            (local.get 0)))))
    (i32.store align=1
      (local.get 4)
      (i32.load align=1
        (local.get 5)))
    (i32.store offset=$map0.count align=1
      (i32.const 0)
      (i32.add
        (i32.load offset=$map0.count align=1
          (i32.const 0))
        (i32.const -1)))
    (i32.store8 offset=8
      (local.get 6)
      (i32.const 3))
    (i32.store offset=12 align=1
      (local.get 6)
      (i32.const 0))
    (local.set 8
      (i32.load align=1
        (local.get 6)))
    (i32.store align=1
      (i32.load offset=4 align=1
        (local.get 6))
      (local.get 8))
    (i32.store offset=4 align=1
      (local.get 8)
      (i32.load offset=4 align=1
        (local.get 6)))
    (local.set 7
      (i32.load offset=$map0.free.prev align=1
        (i32.mul
          (i32.shr_u
            (i32.load offset=8 align=1
              (local.get 6))
            (i32.const 8))
          (i32.const 32))))
    (local.set 8
      (i32.load align=1
        (local.get 7)))
    (i32.store align=1
      (local.get 6)
      (local.get 8))
    (i32.store offset=4 align=1
      (local.get 6)
      (local.get 7))
    (i32.store offset=4 align=1
      (local.get 8)
      (local.get 6))
    (i32.store align=1
      (local.get 7)
      (local.get 6))
    (i32.const 0))
