(module
  (type (;0;) (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (type (;1;) (func (param i32 i32 i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (import "e" "arena_fault" (func (;0;) (type 1)))
  (import "e" "memory" (memory (;0;) 1))
  (import "e" "table" (table (;0;) 1 funcref))
  (func (;1;) (export "main") (type 0) (param i64 i64 i64 i64 i64 i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32 i32 f64 f64)
    (local.set 17
      (i32.sub
        (local.get 5)
        (i32.const 64)))
    (local.set 1
      (i64.extend_i32_u
        (i32.wrap_i64
          (local.get 0))))
    (local.set 2
      (if (result i64)  ;; label = @1
        (if (result i32)  ;; label = @2
          (i32.le_u
            (local.tee 13
              (i32.add
                (i32.wrap_i64
                  (local.get 1))
                (i32.const 8)))
            (i32.const 16380))
          (then
            (i32.load8_u offset=$map0.inUse
              (i32.shr_u
                (local.get 13)
                (i32.const 12))))
          (else
            (i32.const 0)))
        (then
          (i64.load32_u offset=$map0.pages align=1
            (local.get 13)))
        (else
          (call 0
            (i32.wrap_i64
              (local.get 1))
            (i32.const 8)
            (i32.const 0))
          (i64.const 0))))
    (local.set 3
      (if (result i64)  ;; label = @1
        (if (result i32)  ;; label = @2
          (i32.le_u
            (local.tee 13
              (i32.add
                (i32.wrap_i64
                  (local.get 1))
                (i32.const -2)))
            (i32.const 16382))
          (then
            (i32.load8_u offset=$map0.inUse
              (i32.shr_u
                (local.get 13)
                (i32.const 12))))
          (else
            (i32.const 0)))
        (then
          (i64.load16_s offset=$map0.pages align=1
            (local.get 13)))
        (else
          (call 0
            (i32.wrap_i64
              (local.get 1))
            (i32.const -2)
            (i32.const 0))
          (i64.const 0))))
    (if  ;; label = @1
      (if (result i32)  ;; label = @2
        (i32.le_u
          (local.tee 13
            (i32.add
              (i32.wrap_i64
                (local.get 1))
              (i32.const 16)))
          (i32.const 16376))
        (then
          (i32.load8_u offset=$map0.inUse
            (i32.shr_u
              (local.get 13)
              (i32.const 12))))
        (else
          (i32.const 0)))
      (then
        (i64.store offset=$map0.pages align=1
          (local.get 13)
          (local.get 2)))
      (else
        (call 0
          (i32.wrap_i64
            (local.get 1))
          (i32.const 16)
          (i32.const 1))))
    (if  ;; label = @1
      (if (result i32)  ;; label = @2
        (i32.le_u
          (local.tee 13
            (i32.add
              (i32.wrap_i64
                (local.get 1))
              (i32.const 24)))
          (i32.const 16383))
        (then
          (i32.load8_u offset=$map0.inUse
            (i32.shr_u
              (local.get 13)
              (i32.const 12))))
        (else
          (i32.const 0)))
      (then
        (i64.store8 offset=$map0.pages
          (local.get 13)
          (i64.const 7)))
      (else
        (call 0
          (i32.wrap_i64
            (local.get 1))
          (i32.const 24)
          (i32.const 1))))
    (if  ;; label = @1
      (if (result i32)  ;; label = @2
        (i32.le_u
          (local.tee 13
            (i32.add
              (i32.wrap_i64
                (local.get 1))
              (i32.const 32)))
          (i32.const 16376))
        (then
          (i32.load8_u offset=$map0.inUse
            (i32.shr_u
              (local.get 13)
              (i32.const 12))))
        (else
          (i32.const 0)))
      (then
        (local.get 13)
        (local.set 11
          (i64.load offset=$map0.pages align=1
            (local.get 13)))
        (i64.add
          (local.get 11)
          (local.get 2))
        (i64.store offset=$map0.pages align=1))
      (else
        (call 0
          (i32.wrap_i64
            (local.get 1))
          (i32.const 32)
          (i32.const 1))))
    (if  ;; label = @1
      (if (result i32)  ;; label = @2
        (i32.le_u
          (local.tee 13
            (i32.add
              (i32.wrap_i64
                (local.get 1))
              (i32.const 40)))
          (i32.const 16376))
        (then
          (i32.load8_u offset=$map0.inUse
            (i32.shr_u
              (local.get 13)
              (i32.const 12))))
        (else
          (i32.const 0)))
      (then
        (local.get 13)
        (local.set 11
          (i64.load offset=$map0.pages align=1
            (local.get 13)))
        (local.get 2)
        (i64.store offset=$map0.pages align=1)
        (local.set 2
          (local.get 11)))
      (else
        (call 0
          (i32.wrap_i64
            (local.get 1))
          (i32.const 40)
          (i32.const 0))
        (local.set 2
          (i64.const 0))))
    (local.set 6
      (select
        (i64.or
          (i64.extend_i32_u
            (local.tee 13
              (i32.wrap_i64
                (local.get 1))))
          (i64.const 0))
        (i64.const 0)
        (local.get 13)))
    (return
      (local.get 6))
    (unreachable))
