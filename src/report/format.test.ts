import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration, formatName, formatNumber, oneLine } from './format.js'

describe('figures', () => {
  it.each([
    [0, '0 ms'],
    [0.4, '0.4 ms'],
    [850.2, '850 ms'],
    [12_440, '12.4 s'],
    [200_000, '3 min 20 s'],
    [119_700, '2 min 0 s'],
  ])('%d ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

  it.each([
    [1, '1'],
    [0.98, '0.98'],
    [0.979949, '0.9799'],
    [12.3012, '12.3'],
    [0.00001234, '1.23e-5'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NaN, 'NaN'],
  ])('%d reads %s', (value, text) => expect(formatNumber(value)).toBe(text))

  it('names metrics as the field does', () => {
    expect(['ssim', 'mean_rgb', 'worst_block'].map(formatName)).toEqual(['SSIM', 'ΔRGB', 'worst block'])
  })

  it('gives memory in binary units', () => {
    expect([2 ** 29, 2 ** 33, 2 ** 35].map(formatBytes)).toEqual(['512 MiB', '8.0 GiB', '32 GiB'])
  })
})

describe('text of strangers on one line', () => {
  it('has no control characters, no direction marks, no line breaks', () => {
    expect(oneLine('a\r\n\tb\u001b[31mred\u0007 \u202egnp\u2069')).toBe('a b[31mred gnp')
  })

  it('is cut where it is long', () => {
    expect(oneLine('x'.repeat(1000), 20)).toBe(`${'x'.repeat(19)}…`)
  })

  it('keeps other scripts and whole characters', () => {
    expect(oneLine('日本 שלום 🦄')).toBe('日本 שלום 🦄')
    expect(oneLine('\ud800x')).toBe('\ufffdx')
  })
})
