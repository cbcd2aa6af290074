/** What the charts of the viewer have in common: colours of the theme, fonts of the page, no motion. */
import type { ChartOptions, ScaleOptionsByType } from 'chart.js'

export interface ChartLook {
  colour(name: string): string
  font: { family: string; size: number }
  /** Of an axis with a title. */
  axis(title: string): {
    ticks: { color: string; font: ChartLook['font']; maxRotation: number }
    title: Partial<ScaleOptionsByType<'linear'>['title']>
    grid: { color: string }
  }
  /** Of every chart. */
  base: Pick<ChartOptions, 'animation' | 'responsive' | 'maintainAspectRatio'>
}

/** As the page looks now; charts are drawn anew when the theme changes. */
export function chartLook(): ChartLook {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const font = { family: style.fontFamily, size: 11 }
  return {
    colour,
    font,
    axis: text => ({
      ticks: { color: colour('muted'), font, maxRotation: 0 },
      title: { display: true, text, color: colour('muted'), font },
      grid: { color: colour('line') },
    }),
    base: { animation: false, responsive: true, maintainAspectRatio: false },
  }
}
