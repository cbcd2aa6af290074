import { describe, expect, it } from 'vitest'
import { isMultipleOf, product, sum, windows } from './dims.js'

/** Replaces the symbols of a size by numbers. */
function evaluate(dim: number | string, symbols: Record<string, number>): number {
  if (typeof dim === 'number') return dim
  const expression = dim.replace(/floor/g, 'Math.floor').replace(/\b[a-z]\b/g, name => String(symbols[name]))
  return Number(new Function(`return ${expression}`)())
}

describe('symbolic sizes', () => {
  it('have one spelling, whatever the order in which they were made', () => {
    expect(product(['w', 'n', 2, 'h'])).toBe(product([2, 'h', 'w', 'n']))
    expect(product([product(['h', 'w']), 'n'])).toBe(product(['n', 'h', 'w']))
    expect(sum(['h', 2, -2])).toBe('h')
    expect(sum(['h', 'h'])).toBe('2*h')
  })

  it('are numbers where nothing is unknown', () => {
    expect(product([2, 3, 4])).toBe(24)
    expect(sum([2, 3])).toBe(5)
    expect(windows(64, { kernel: 3, stride: 2, padding: 2 })).toBe(32)
  })

  it('keep a same-padded convolution at its size, and halve an even one', () => {
    expect(windows('h', { kernel: 3, stride: 1, padding: 2 })).toBe('h')
    expect(windows('8*h', { kernel: 3, stride: 2, padding: 2 })).toBe('4*h')
  })

  it('are told to be multiples where they are, whatever their symbols stand for', () => {
    expect(['8*h', '4*h*w', '2*h+4', 6, 0].map(dim => isMultipleOf(dim, 2))).toEqual([true, true, true, true, true])
    expect(['h', '3*h', '2*h+1', 7].map(dim => isMultipleOf(dim, 2))).toEqual([false, false, false, false])
  })

  it.each([
    { kernel: 3, stride: 1, padding: 2 },
    { kernel: 3, stride: 1, padding: 0 },
    { kernel: 3, stride: 2, padding: 2 },
    { kernel: 3, stride: 2, padding: 1 },
    { kernel: 1, stride: 1, padding: 0 },
  ])('count the windows of %o as sliding one does', window => {
    for (const dim of ['h', '2*h', 'h+1', product(['h', sum(['w', 1])])]) {
      const counted = windows(windows(dim, window), window)
      for (const symbols of [
        { h: 7, w: 3 },
        { h: 16, w: 8 },
        { h: 25, w: 9 },
      ]) {
        const slide = (size: number) => {
          let count = 0
          for (let at = 0; at + window.kernel <= size + window.padding; at += window.stride) count++
          return count
        }
        expect(evaluate(counted, symbols)).toBe(slide(slide(evaluate(dim, symbols))))
      }
    }
  })
})
