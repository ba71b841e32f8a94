/* A switch of 160 cases over bytes of the packet, eight of them in a row: the decoder of a protocol. */
#include "bench.h"

MAP(counts, MAP_ARRAY, u32, u64, 256);

static inline_always u64 decode(u8 code, u64 a, u64 b, u8 *p) {
  switch (code) {
    case 0:
      return a + b * 3;
    case 1:
      return a ^ (b << 2);
    case 2:
      return a - b + 5;
    case 3:
      return (a | b) & 0x6ffff;
    case 4:
      return a * 7 + p[5];
    case 5:
      return (a >> 6) ^ b;
    case 6:
      return a > b ? a - 9 : b + 9;
    case 7:
      return a & 0xaff ? b : a + 10;
    case 8:
      return a + b * 11;
    case 9:
      return a ^ (b << 10);
    case 10:
      return a - b + 13;
    case 11:
      return (a | b) & 0xeffff;
    case 12:
      return a * 15 + p[13];
    case 13:
      return (a >> 14) ^ b;
    case 14:
      return a > b ? a - 17 : b + 17;
    case 15:
      return a & 0x12ff ? b : a + 18;
    case 16:
      return a + b * 19;
    case 17:
      return a ^ (b << 3);
    case 18:
      return a - b + 21;
    case 19:
      return (a | b) & 0x16ffff;
    case 20:
      return a * 23 + p[6];
    case 21:
      return (a >> 7) ^ b;
    case 22:
      return a > b ? a - 25 : b + 25;
    case 23:
      return a & 0x1aff ? b : a + 26;
    case 24:
      return a + b * 27;
    case 25:
      return a ^ (b << 11);
    case 26:
      return a - b + 29;
    case 27:
      return (a | b) & 0x1effff;
    case 28:
      return a * 31 + p[14];
    case 29:
      return (a >> 15) ^ b;
    case 30:
      return a > b ? a - 33 : b + 33;
    case 31:
      return a & 0x22ff ? b : a + 34;
    case 32:
      return a + b * 35;
    case 33:
      return a ^ (b << 4);
    case 34:
      return a - b + 37;
    case 35:
      return (a | b) & 0x26ffff;
    case 36:
      return a * 39 + p[7];
    case 37:
      return (a >> 8) ^ b;
    case 38:
      return a > b ? a - 41 : b + 41;
    case 39:
      return a & 0x2aff ? b : a + 42;
    case 40:
      return a + b * 43;
    case 41:
      return a ^ (b << 12);
    case 42:
      return a - b + 45;
    case 43:
      return (a | b) & 0x2effff;
    case 44:
      return a * 47 + p[15];
    case 45:
      return (a >> 1) ^ b;
    case 46:
      return a > b ? a - 49 : b + 49;
    case 47:
      return a & 0x32ff ? b : a + 50;
    case 48:
      return a + b * 51;
    case 49:
      return a ^ (b << 5);
    case 50:
      return a - b + 53;
    case 51:
      return (a | b) & 0x36ffff;
    case 52:
      return a * 55 + p[8];
    case 53:
      return (a >> 9) ^ b;
    case 54:
      return a > b ? a - 57 : b + 57;
    case 55:
      return a & 0x3aff ? b : a + 58;
    case 56:
      return a + b * 59;
    case 57:
      return a ^ (b << 13);
    case 58:
      return a - b + 61;
    case 59:
      return (a | b) & 0x3effff;
    case 60:
      return a * 63 + p[1];
    case 61:
      return (a >> 2) ^ b;
    case 62:
      return a > b ? a - 65 : b + 65;
    case 63:
      return a & 0x42ff ? b : a + 66;
    case 64:
      return a + b * 67;
    case 65:
      return a ^ (b << 6);
    case 66:
      return a - b + 69;
    case 67:
      return (a | b) & 0x46ffff;
    case 68:
      return a * 71 + p[9];
    case 69:
      return (a >> 10) ^ b;
    case 70:
      return a > b ? a - 73 : b + 73;
    case 71:
      return a & 0x4aff ? b : a + 74;
    case 72:
      return a + b * 75;
    case 73:
      return a ^ (b << 14);
    case 74:
      return a - b + 77;
    case 75:
      return (a | b) & 0x4effff;
    case 76:
      return a * 79 + p[2];
    case 77:
      return (a >> 3) ^ b;
    case 78:
      return a > b ? a - 81 : b + 81;
    case 79:
      return a & 0x52ff ? b : a + 82;
    case 80:
      return a + b * 83;
    case 81:
      return a ^ (b << 7);
    case 82:
      return a - b + 85;
    case 83:
      return (a | b) & 0x56ffff;
    case 84:
      return a * 87 + p[10];
    case 85:
      return (a >> 11) ^ b;
    case 86:
      return a > b ? a - 89 : b + 89;
    case 87:
      return a & 0x5aff ? b : a + 90;
    case 88:
      return a + b * 91;
    case 89:
      return a ^ (b << 15);
    case 90:
      return a - b + 93;
    case 91:
      return (a | b) & 0x5effff;
    case 92:
      return a * 95 + p[3];
    case 93:
      return (a >> 4) ^ b;
    case 94:
      return a > b ? a - 97 : b + 97;
    case 95:
      return a & 0x62ff ? b : a + 98;
    case 96:
      return a + b * 99;
    case 97:
      return a ^ (b << 8);
    case 98:
      return a - b + 101;
    case 99:
      return (a | b) & 0x66ffff;
    case 100:
      return a * 103 + p[11];
    case 101:
      return (a >> 12) ^ b;
    case 102:
      return a > b ? a - 105 : b + 105;
    case 103:
      return a & 0x6aff ? b : a + 106;
    case 104:
      return a + b * 107;
    case 105:
      return a ^ (b << 1);
    case 106:
      return a - b + 109;
    case 107:
      return (a | b) & 0x6effff;
    case 108:
      return a * 111 + p[4];
    case 109:
      return (a >> 5) ^ b;
    case 110:
      return a > b ? a - 113 : b + 113;
    case 111:
      return a & 0x72ff ? b : a + 114;
    case 112:
      return a + b * 115;
    case 113:
      return a ^ (b << 9);
    case 114:
      return a - b + 117;
    case 115:
      return (a | b) & 0x76ffff;
    case 116:
      return a * 119 + p[12];
    case 117:
      return (a >> 13) ^ b;
    case 118:
      return a > b ? a - 121 : b + 121;
    case 119:
      return a & 0x7aff ? b : a + 122;
    case 120:
      return a + b * 123;
    case 121:
      return a ^ (b << 2);
    case 122:
      return a - b + 125;
    case 123:
      return (a | b) & 0x7effff;
    case 124:
      return a * 127 + p[5];
    case 125:
      return (a >> 6) ^ b;
    case 126:
      return a > b ? a - 129 : b + 129;
    case 127:
      return a & 0x82ff ? b : a + 130;
    case 128:
      return a + b * 131;
    case 129:
      return a ^ (b << 10);
    case 130:
      return a - b + 133;
    case 131:
      return (a | b) & 0x86ffff;
    case 132:
      return a * 135 + p[13];
    case 133:
      return (a >> 14) ^ b;
    case 134:
      return a > b ? a - 137 : b + 137;
    case 135:
      return a & 0x8aff ? b : a + 138;
    case 136:
      return a + b * 139;
    case 137:
      return a ^ (b << 3);
    case 138:
      return a - b + 141;
    case 139:
      return (a | b) & 0x8effff;
    case 140:
      return a * 143 + p[6];
    case 141:
      return (a >> 7) ^ b;
    case 142:
      return a > b ? a - 145 : b + 145;
    case 143:
      return a & 0x92ff ? b : a + 146;
    case 144:
      return a + b * 147;
    case 145:
      return a ^ (b << 11);
    case 146:
      return a - b + 149;
    case 147:
      return (a | b) & 0x96ffff;
    case 148:
      return a * 151 + p[14];
    case 149:
      return (a >> 15) ^ b;
    case 150:
      return a > b ? a - 153 : b + 153;
    case 151:
      return a & 0x9aff ? b : a + 154;
    case 152:
      return a + b * 155;
    case 153:
      return a ^ (b << 4);
    case 154:
      return a - b + 157;
    case 155:
      return (a | b) & 0x9effff;
    case 156:
      return a * 159 + p[7];
    case 157:
      return (a >> 8) ^ b;
    case 158:
      return a > b ? a - 161 : b + 161;
    case 159:
      return a & 0xa2ff ? b : a + 162;
  }
  return a;
}

PROG(decoder) {
  PACKET(ctx, 64);
  u64 a = data[0], b = data[1];
  a = decode(data[16], a, b, data + 32);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  a = decode(data[17], a, b, data + 33);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  a = decode(data[18], a, b, data + 34);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  a = decode(data[19], a, b, data + 35);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  a = decode(data[20], a, b, data + 36);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  a = decode(data[21], a, b, data + 37);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  a = decode(data[22], a, b, data + 38);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  a = decode(data[23], a, b, data + 39);
  b += a;
  {
    u32 key = (u32)(a & 255);
    u64 *value = map_lookup(&counts, &key);
    if (value) *value += b;
  }
  return (int)(a & 3);
}
