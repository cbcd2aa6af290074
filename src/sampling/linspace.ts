const f32 = Math.fround

/** `torch.linspace` in float32: counted from the nearer end, each multiplication fused with its addition. */
export function linspace(start: number, end: number, count: number): Float32Array {
  const [first, last] = [f32(start), f32(end)]
  if (count === 1) return Float32Array.of(first)
  const step = f32(f32(last - first) / (count - 1))
  const half = Math.floor(count / 2)
  return Float32Array.from({ length: count }, (_, i) => (i < half ? first + step * i : last - step * (count - i - 1)))
}
