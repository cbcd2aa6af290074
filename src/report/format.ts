/** Figures and untrusted text as people read them. */

/** `850 ms`, `12.4 s`, `3 min 20 s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0 ms'
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Four significant digits, as many as tell 0.9799 from its limit 0.98. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : 'NaN'
  if (Number.isInteger(value)) return String(value)
  const size = Math.abs(value)
  if (size < 0.001 || size >= 1e6) return value.toExponential(2)
  const short = Number(value.toPrecision(4))
  // 0.99998 is not 1, and is not to look like it.
  return Number.isInteger(short) && size < 1000 ? value.toPrecision(4) : String(short)
}

const METRIC_NAMES: Readonly<Record<string, string>> = {
  ssim: 'SSIM',
  psnr: 'PSNR',
  ncc: 'NCC',
  mean_rgb: 'ΔRGB',
}

/** `worst_block` → `worst block`, `ssim` → `SSIM`. */
export function formatName(name: string): string {
  return METRIC_NAMES[name] ?? name.replaceAll('_', ' ')
}

export function formatBytes(bytes: number): string {
  const gib = bytes / 2 ** 30
  return gib >= 1 ? `${gib.toFixed(gib < 10 ? 1 : 0)} GiB` : `${(bytes / 2 ** 20).toFixed(0)} MiB`
}

/**
 * Text of strangers on one line of a terminal or a table: control characters would move the cursor or change its colours,
 * bidirectional ones would reorder what stands around them, lone surrogates are no text at all.
 */
export function oneLine(text: string, limit = 300): string {
  const plain = text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu, '')
    .replace(/\p{Cs}/gu, '\ufffd')
    .trim()
  return plain.length > limit ? `${plain.slice(0, limit - 1)}…` : plain
}
