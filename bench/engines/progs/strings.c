#include "bench.h"
/* Copies 64 bytes to the stack, upper-cases them, counts words and finds the largest byte. */
PROG(strings) {
  PACKET(ctx, 256);
  u32 words = 0, max = 0, sum = 0;
  for (u32 at = 0; at < 256; at += 64) {
    u8 text[64];
    for (u32 i = 0; i < 64; i++) text[i] = data[(at + i) & 255];
    u32 in = 0;
    for (u32 i = 0; i < 64; i++) {
      u8 c = text[i];
      if (c >= 'a' && c <= 'z') c -= 32;
      u32 letter = c >= 'A' && c <= 'Z';
      words += letter && !in;
      in = letter;
      if (c > max) max = c;
      sum = sum * 31 + c;
    }
  }
  return sum ^ (words << 8) ^ max;
}
