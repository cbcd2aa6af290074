import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '../../src/harness/run-schema.js'
import { renderJunit } from '../../src/report/junit.js'
import { launch, makeReport, NO_BROWSER, open } from './browser.js'
import { addSections } from './sections.js'
import type { SyntheticCase } from './synthetic-run.js'

/** Ways by which text of strangers has become script elsewhere. */
const CORPUS = [
  '<script>window.pwned = 1</script>',
  '</script><script>window.pwned = 1</script>',
  '<!--<script>',
  '--><script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned = 1">',
  '<svg/onload=window.pwned=1>',
  '<iframe src="javascript:parent.pwned=1"></iframe>',
  '"><details open ontoggle=window.pwned=1>',
  "'-alert(1)-'",
  'javascript:alert(1)',
  '<a href="javascript:alert(1)">x</a>',
  '</title><script>window.pwned = 1</script>',
  '</style><script>window.pwned = 1</script>',
  '<base href="https://example.com/">',
  '<meta http-equiv=refresh content="0;url=https://example.com">',
  '<link rel=stylesheet href="https://example.com/x.css">',
  '{{constructor.constructor("alert(1)")()}}',
  '$' + '{alert(1)}',
  '__proto__',
  'constructor',
  '\u2028alert(1)\u2029',
  '\u202e\u2066gnp.exe\u2069',
  '\u0000\u001b[2J\u0007',
  '\ud800 lone',
  ']]>',
  '&lt;script&gt;&#60;script&#62;',
  '../../../etc/passwd',
  '#case=x&mode=slider',
  'A'.repeat(100_000),
]

/** Every section of the run, with every text of the corpus in every place that a stranger can fill. */
function addHostileSections(run: Run): void {
  addSections(run)
  const { coverage, comparison, stress, speed, kudos } = run
  for (const text of CORPUS) {
    coverage?.entries.push({ name: text, group: text, status: 'gated', cases: [text] })
    comparison?.matrix.push({ feature: text, cells: comparison.matrix[0]?.cells ?? [] })
    comparison?.groups.push({
      fingerprint: text,
      candidate: 0,
      gate: text,
      verdict: 'fail',
      says: text,
      cases: [text],
      features: [text],
    })
    comparison?.uncompared.push({ id: text, candidate: 0, reason: text })
    stress?.problems.push({ n: 1, schedule: text, job: text, reason: text, leavesAt: text })
    stress?.timeline.lanes.push({ lane: 1, atMs: 100, event: 'death', reason: text })
    speed?.forced.push(text)
    kudos?.oddities.push({ what: text, message: text })
    if (kudos) kudos.classes.push({ ...kudos.mix, class: text })
  }
  run.waivers = CORPUS.map(text => ({
    case: text,
    gate: text,
    owner: text,
    reason: text,
    expires: text,
    state: 'expired',
  }))
  run.stages = CORPUS.map(text => ({ name: text, exitCode: 1, says: text, ms: 1 }))
}

describe.skipIf(NO_BROWSER !== undefined)(`text and files of strangers${NO_BROWSER ? ` (${NO_BROWSER})` : ''}`, () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
  })

  afterAll(() => browser?.close())

  it('stays text wherever it stands', async () => {
    const cases = CORPUS.map(
      (text, index): SyntheticCase => ({
        // An address cannot hold half of a character.
        id: text.length > 1000 ? 'long' : text.replace('\ud800', 'half'),
        prompt: text,
        title: text,
        features: [text.slice(0, 200)],
        change: index % 2 === 0 ? 'block' : 'none',
        ...(index % 5 === 0 ? { state: 'fault' } : {}),
      }),
    )
    const report = await makeReport(cases, run => {
      run.id = CORPUS[1] ?? ''
      run.command = run.backend = run.environment.device = CORPUS[4] ?? ''
      run.complete = false
      run.pending = [...CORPUS]
      addHostileSections(run)
      for (const [index, result] of run.cases.entries()) {
        const text = CORPUS[index] ?? ''
        if (result.verdict) result.verdict.reason = text
        result.notes = [{ field: text, message: text, quirk: text }]
        result.faults = [{ code: text, message: text, hint: text }]
        result.plan = { text }
        for (const gate of result.verdict?.gates ?? []) gate.metrics[text] = 1
      }
    })
    try {
      const { page, complaints } = await open(browser, report.url)
      expect(await page.locator('.grid li').count()).toBe(CORPUS.length)
      for (const { id, title } of cases) {
        await page.goto(`${report.url}#${new URLSearchParams({ case: id })}`)
        await expect.poll(() => page.locator('.details .title').textContent()).toBe(title)
        await page.keyboard.press('6')
        await page.locator('.details').evaluate(details => {
          for (const folded of details.querySelectorAll('details')) folded.open = true
        })
      }
      for (const tab of ['features', 'stability', 'speed']) {
        await page.goto(`${report.url}#tab=${tab}`)
        await page
          .getByText(CORPUS[1] ?? '', { exact: true })
          .first()
          .waitFor()
      }
      await page.goto(`${report.url}#case=${encodeURIComponent(cases[21]?.id ?? '')}`)
      await expect.poll(() => page.locator('.prompt .mark').allTextContents()).toEqual(['U+202E', 'U+2066', 'U+2069'])
      await page.goto(`${report.url}#case=long`)
      await page.getByRole('button', { name: 'show 98,800 more characters' }).click()
      await expect.poll(() => page.locator('.prompt').textContent()).toBe('A'.repeat(100_000))
      expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
      expect(
        await page
          .locator(
            'iframe, base, svg:not(.glyph), object, embed, a[href^="javascript" i], [onerror], [onload], [ontoggle]',
          )
          .count(),
      ).toBe(0)
      expect(complaints).toEqual([])

      const xml = await page.evaluate(
        text =>
          new DOMParser().parseFromString(text, 'application/xml').querySelector('parsererror')?.textContent ??
          'well-formed',
        renderJunit(report.run),
      )
      expect(xml).toBe('well-formed')
    } finally {
      await report.remove()
    }
  })

  it('runs no script but its own, not even one that got into its tree', async () => {
    const report = await makeReport()
    try {
      const { page, complaints } = await open(browser, report.url)
      await page.evaluate(() => {
        const script = document.createElement('script')
        script.textContent = 'globalThis.pwned = 1'
        document.body.append(script)
        const image = document.createElement('img')
        image.setAttribute('onerror', 'globalThis.pwned = 1')
        image.src = 'https://example.com/x.png'
        document.body.append(image)
      })
      await page.waitForTimeout(200)
      expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
      expect(complaints.join('\n')).toContain('Content Security Policy')
      expect(complaints.filter(complaint => complaint.startsWith('request:'))).toEqual([])
    } finally {
      await report.remove()
    }
  })

  it('shows what there is of a run that was cut off and lost pictures', async () => {
    const report = await makeReport(undefined, async (run, folder) => {
      run.complete = false
      run.pending = ['never-ran']
      await rm(join(folder, '0.0.png'))
      await writeFile(join(folder, '1.0.png'), 'no picture')
      await writeFile(join(folder, '2.0.png'), Buffer.from('\x89PNG\r\n\x1a\nbroken', 'latin1'))
      const wide = await sharp({ create: { width: 64, height: 32, channels: 3, background: 'red' } })
        .png()
        .toBuffer()
      await writeFile(join(folder, 'golden/3.0.png'), wide)
      await writeFile(join(folder, '..', 'outside.png'), wide)
      for (const image of run.cases[4]?.images ?? []) image.file = '../outside.png'
    })
    try {
      const { page, complaints } = await open(browser, report.url)
      await page.getByText('This run was cut off').click()
      expect(await page.getByText('never-ran').isVisible()).toBe(true)
      const says = async (id: string, mode: string) => {
        await page.goto(`${report.url}#case=${id}&mode=${mode}`)
        await page.locator('#viewer-title').getByText(id, { exact: true }).waitFor()
        return expect.poll(() => page.locator('.pane.empty').first().textContent())
      }
      await (await says('sampler-k-euler', 'side')).toContain("0.0.png is not in the run's folder")
      await (await says('sampler-k-euler-a', 'slider')).toContain('1.0.png is no PNG, JPEG or WebP picture')
      await (await says('sampler-ddim', 'blink')).toContain('the stored picture is damaged')
      await (await says('karras-off', 'heat')).toContain('the sizes differ: 128×128 and 64×32')
      await (await says('cfg-scale-12', 'onion')).toContain('../outside.png lies outside the folder of the run')
      expect(complaints).toEqual([])
    } finally {
      await report.remove()
    }
  })

  it('shows pictures that were left beside the page, and says what cannot be done with them', async () => {
    const report = await makeReport(undefined, () => {}, { pictureBytes: 0 })
    try {
      const { page, complaints } = await open(browser, `${report.url}#case=karras-off`)
      await page.locator('.pane canvas').nth(2).waitFor()
      expect(await page.locator('.pane.empty').count()).toBe(0)
      await page.keyboard.press('5')
      expect(await page.locator('.pane.empty').textContent()).toContain('render the report with a larger --embed')
      await rm(join(report.folder, 'golden/3.0.png'))
      await page.reload()
      await expect
        .poll(() => page.locator('.pane.empty').textContent())
        .toContain('golden/3.0.png is not beside this page')
      expect(complaints.filter(complaint => !complaint.includes('ERR_FILE_NOT_FOUND'))).toEqual([])
    } finally {
      await report.remove()
    }
  })
})
