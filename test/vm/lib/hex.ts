/** Bytes from hexadecimal digits. */
export function decodeHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}
