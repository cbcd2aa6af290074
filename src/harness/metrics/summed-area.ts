/** Summed-area table: the sum over any rectangle in four look-ups. Crow, Summed-Area Tables for Texture Mapping, SIGGRAPH 1984. */
export interface SummedArea {
  /** Sum over x ≤ column < x + width, y ≤ row < y + height; what lies outside of the picture counts as nothing. */
  sum(x: number, y: number, width: number, height: number): number
  /** The sum over the pixels that are inside, divided by their number. */
  mean(x: number, y: number, width: number, height: number): number
}

/** @param value of the pixel at index `i`, row by row */
export function summedArea(width: number, height: number, value: (i: number) => number): SummedArea {
  const stride = width + 1
  const table = new Float64Array(stride * (height + 1))
  for (let y = 0; y < height; y++) {
    let row = 0
    for (let x = 0; x < width; x++) {
      row += value(y * width + x)
      table[(y + 1) * stride + x + 1] = (table[y * stride + x + 1] as number) + row
    }
  }
  function sum(x: number, y: number, w: number, h: number): number {
    const left = Math.max(0, x)
    const top = Math.max(0, y) * stride
    const right = Math.min(width, x + w)
    const bottom = Math.min(height, y + h) * stride
    return (
      (table[bottom + right] as number) -
      (table[bottom + left] as number) -
      (table[top + right] as number) +
      (table[top + left] as number)
    )
  }
  return {
    sum,
    mean(x, y, w, h) {
      const columns = Math.min(width, x + w) - Math.max(0, x)
      const rows = Math.min(height, y + h) - Math.max(0, y)
      return sum(x, y, w, h) / (columns * rows)
    },
  }
}
