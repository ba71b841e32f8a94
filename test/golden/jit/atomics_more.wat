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
    (i64.store offset=56 align=1
      (local.get 17)
      (i64.const 1))
    (local.set 0
      (i64.const 2))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load align=1
        (local.get 13)))
    (i64.add
      (local.get 11)
      (local.get 0))
    (i64.store align=1)
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load32_u align=1
        (local.get 13)))
    (i64.or
      (local.get 11)
      (local.get 0))
    (i64.store32 align=1)
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load align=1
        (local.get 13)))
    (i64.and
      (local.get 11)
      (local.get 0))
    (i64.store align=1)
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load32_u align=1
        (local.get 13)))
    (i64.xor
      (local.get 11)
      (local.get 0))
    (i64.store32 align=1)
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load32_u align=1
        (local.get 13)))
    (i64.add
      (local.get 11)
      (local.get 0))
    (i64.store32 align=1)
    (local.set 0
      (local.get 11))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load align=1
        (local.get 13)))
    (i64.or
      (local.get 11)
      (local.get 0))
    (i64.store align=1)
    (local.set 0
      (local.get 11))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load32_u align=1
        (local.get 13)))
    (i64.and
      (local.get 11)
      (local.get 0))
    (i64.store32 align=1)
    (local.set 0
      (local.get 11))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load align=1
        (local.get 13)))
    (i64.xor
      (local.get 11)
      (local.get 0))
    (i64.store align=1)
    (local.set 0
      (local.get 11))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load align=1
        (local.get 13)))
    (local.get 0)
    (i64.store align=1)
    (local.set 0
      (local.get 11))
    (local.set 6
      (i64.const 3))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.get 13)
    (local.set 11
      (i64.load32_u align=1
        (local.get 13)))
    (select
      (local.get 0)
      (local.get 11)
      (i64.eq
        (local.get 11)
        (i64.extend_i32_u
          (i32.wrap_i64
            (local.get 6)))))
    (i64.store32 align=1)
    (local.set 6
      (local.get 11))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.set 0
      (i64.load16_u align=1
        (local.get 13)))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.set 0
      (i64.load32_u align=1
        (local.get 13)))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (local.set 0
      (i64.load align=1
        (local.get 13)))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (i64.store8
      (local.get 13)
      (local.get 0))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (i64.store32 align=1
      (local.get 13)
      (local.get 0))
    (local.set 13
      (i32.add
        (local.get 5)
        (i32.const -8)))
    (i64.store align=1
      (local.get 13)
      (local.get 0))
    (return
      (local.get 6))
    (unreachable))
