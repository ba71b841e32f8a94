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
    (loop  ;; label = @1
      (block  ;; label = @2
        (block  ;; label = @3
          (block  ;; label = @4
            (block  ;; label = @5
              (br_table 0 (;@5;) 1 (;@4;) 2 (;@3;) 3 (;@2;)
                (local.get 15)))
            (local.set 6
              (i64.load align=1
                (i32.wrap_i64
                  (local.get 0))))
            (if  ;; label = @5
              (i64.gt_u
                (local.get 6)
                (i64.const 5))
              (then
                (local.set 15
                  (i32.const 2))
                (br 4 (;@1;)))))
          (local.set 6
            (i64.add
              (local.get 6)
              (i64.const 1)))
          (if  ;; label = @4
            (i64.gt_u
              (local.get 6)
              (i64.const 100))
            (then
              (local.set 15
                (i32.const 3))
              (br 3 (;@1;)))))
        (local.set 6
          (i64.add
            (local.get 6)
            (i64.const 2)))
        (if  ;; label = @3
          (i64.lt_u
            (local.get 6)
            (i64.const 50))
          (then
            (local.set 15
              (i32.const 1))
            (br 2 (;@1;)))))
      (return
        (local.get 6)))
    (unreachable))
