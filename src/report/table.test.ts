import { describe, expect, it } from 'vitest'
import { caseOf, failedPixels, runOf } from '../../test/report/record.js'
import { renderTable } from './table.js'

const run = runOf([caseOf('bad', failedPixels()), caseOf('good', {})])

describe('the table', () => {
  it('ends with what needs a person, and the sentence below it', () => {
    const lines = renderTable(run, { colour: false, width: 120 }).split('\n')
    const line = (word: string) => lines.findIndex(line => line.includes(word))
    expect(line('good')).toBeLessThan(line('bad'))
    expect(lines[line('bad')]).toContain('SSIM 0.9512 / 0.98')
    expect(lines[line('bad')]).toContain('1.2 s')
    expect(lines.at(-1)).toBe('Of 2 cases 1 failed (65.0 s, 1 fail, 1 pass)')
  })

  it('has colours only where they are wanted', () => {
    expect(renderTable(run, { colour: false })).not.toContain('\u001b')
    expect(renderTable(run, { colour: true })).toContain('\u001b[31mfail')
  })

  it('fits the terminal', () => {
    const long = runOf([caseOf('case-'.repeat(40), { reason: 'because '.repeat(60) })])
    for (const width of [80, 100, 160]) {
      const widths = renderTable(long, { colour: false, width }).split('\n').slice(0, -1)
      expect(Math.max(...widths.map(line => line.length))).toBeLessThanOrEqual(width)
    }
  })

  it('lets no name steer the terminal', () => {
    const text = renderTable(runOf([caseOf('x\u001b[2J\u001b]0;title\u0007\r\n', {})]), { colour: false })
    expect(text).toContain('x[2J]0;title')
    expect(text).not.toMatch(/[^\P{Cc}\n]/u)
  })

  it('has nothing but the sentence for an empty run', () => {
    expect(renderTable(runOf([]), { colour: false })).toBe('Nothing was replayed (65.0 s)')
  })
})
