import { describe, expect, it } from 'vitest'
import { caseOf, failedPixels, runOf } from '../../test/report/record.js'
import { addSections } from '../../test/report/sections.js'
import { renderMarkdown } from './markdown.js'

describe('the comment', () => {
  it('starts with the sentence and shows what is open before what is settled', () => {
    const text = renderMarkdown(runOf([caseOf('good', {}), caseOf('bad', failedPixels())]))
    expect(text.split('\n')[0]).toBe('## ❌ Of 2 cases 1 failed')
    expect(text).toContain('Parity 1 / 2 · Stability not measured')
    expect(text).toContain(
      '| `bad` | ❌ fail | another picture: SSIM 0.9512 is below 0.98 | SSIM 0.9512 \\(limit 0.98\\) | 1.2 s |',
    )
    expect(text.indexOf('`bad`')).toBeLessThan(text.indexOf('<details><summary>1 other cases</summary>'))
    expect(text.indexOf('<details>')).toBeLessThan(text.indexOf('`good`'))
  })

  it('lets no name or reason become markup, a mention, a link or a cell', () => {
    const id = 'a|b`c``d<img src=x>'
    const reason =
      '</td><script>alert(1)</script> | @everyone [x](javascript:alert(1)) https://example.com\n# big **bold**'
    const text = renderMarkdown(runOf([caseOf(id, { verdict: 'fail', reason })]))
    const row = text.split('\n').find(line => line.includes('@')) ?? ''
    expect(row).toContain('```a\\|b`c``d<img src=x>```')
    expect(row.replace(/```.*```/, '')).not.toMatch(/<|[^\\]\[|@everyone|:\/\/|[^\\]\*/)
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(6)
  })

  it('stays short enough for a comment', () => {
    const cases = Array.from({ length: 2000 }, (_, i) => caseOf(`case-${i}`, failedPixels()))
    const text = renderMarkdown(runOf(cases))
    expect(text.length).toBeLessThan(65_536)
    expect(text).toContain('… and 1900 more')
  })

  it('tells what concurrent jobs did to each other, by schedule', () => {
    const run = runOf([caseOf('a', {})])
    addSections(run)
    const text = renderMarkdown(run)
    expect(text).toContain('### Stability')
    expect(text).toMatch(/\| `kills` \| .* \| \d+ \| \d+ \|/)
    expect(text).toContain(`| ${run.stress?.problems[0]?.n} | \`${run.stress?.problems[0]?.schedule}\` |`)
  })

  it('says when the run was cut off', () => {
    const text = renderMarkdown(runOf([caseOf('a', {})], { complete: false, pending: ['b', 'c'] }))
    expect(text).toContain('> This run was cut off: 2 selected cases never ran.')
  })
})
