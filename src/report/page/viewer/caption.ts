/** What is said below the pictures. */
import { formatNumber } from '../../format.js'
import { h } from '../dom.js'
import { type Comparison, ROLES } from './comparison.js'
import { HEAT_GRADIENT } from './heat.js'
import { type Look, MODE_NAMES } from './modes.js'

/** The figures of the mode, or what its picture is. */
export function caption(comparison: Comparison, { mode, reference }: Look): { text: string; legend?: HTMLElement } {
  const { candidate } = comparison.shown
  switch (mode) {
    case 'difference': {
      const result = comparison.difference(reference)
      if (typeof result === 'string') return { text: result }
      const { largest, share, psnr, gain } = result
      if (largest === 0) return { text: 'identical to the last bit' }
      return {
        text: `differences ×${gain} · largest ${largest} of 255 · ${percent(share)} of the pixels · PSNR ${psnr.toFixed(1)} dB`,
      }
    }
    case 'heat': {
      const result = comparison.heat(reference)
      if (typeof result === 'string') return { text: result }
      const ramp = h('span', { class: 'ramp', 'aria-hidden': 'true' })
      ramp.style.backgroundImage = HEAT_GRADIENT
      return {
        text: `SSIM ${formatNumber(result.mean)} · alike `,
        legend: h('span', { class: 'legend' }, ramp, ' unlike'),
      }
    }
    default:
      return { text: candidate === undefined ? '' : `${MODE_NAMES[mode]} · ${candidate.width}×${candidate.height}` }
  }
}

/** Values of all pictures at one pixel, so that they can be read off. */
export function pixelText({ shown }: Comparison, { x, y }: { x: number; y: number }): string {
  const values = ROLES.flatMap(role => {
    const bitmap = shown[role]
    if (bitmap?.pixels === undefined || x >= bitmap.width || y >= bitmap.height) return []
    const start = (y * bitmap.width + x) * 4
    const [red = 0, green = 0, blue = 0, alpha = 255] = bitmap.pixels.subarray(start, start + 4)
    return [`${role} ${red} ${green} ${blue}${alpha === 255 ? '' : ` α ${alpha}`}`]
  })
  return `${x},${y}  ${values.join('  ')}`
}

function percent(share: number): string {
  return `${formatNumber(share * 100)} %`
}
