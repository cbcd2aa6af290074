/// <reference lib="dom" />
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, makeReport, NO_BROWSER, open, type Report } from './browser.js'
import { addSections } from './sections.js'

interface Violation {
  id: string
  nodes: { html: string; failureSummary?: string }[]
}

interface Result {
  violations: Violation[]
  passes: { id: string }[]
}

/** What axe finds wrong, a line each. */
async function violations(page: Page, rules?: string[]): Promise<string[]> {
  const found = await page.evaluate(async rules => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<Result> } }
    return axe.run(rules ? { runOnly: rules } : {})
  }, rules)
  // It looked at the page.
  expect(found.passes.map(({ id }) => id)).toContain('color-contrast')
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

describe.skipIf(NO_BROWSER !== undefined)(`accessibility by axe${NO_BROWSER ? ` (${NO_BROWSER})` : ''}`, () => {
  let browser: Browser
  let report: Report
  let axe: string

  beforeAll(async () => {
    const file = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
    ;[browser, report, axe] = await Promise.all([launch(), makeReport(undefined, addSections), readFile(file, 'utf8')])
  })

  afterAll(async () => {
    await browser?.close()
    await report?.remove()
  })

  describe.each(['light', 'dark'] as const)('%s', colorScheme => {
    let page: Page

    beforeAll(async () => {
      ;({ page } = await open(browser, report.url, { colorScheme }))
      // By the debugger, which the page's policy does not bind.
      await page.evaluate(axe)
    })

    afterAll(() => page?.context().close())

    it.each([
      ['the cases', '', ''],
      ['the cases by feature', '#group=feature', ''],
      ['the features', '#tab=features', ''],
      ['the stability', '#tab=stability', ''],
      ['the speed', '#tab=speed', ''],
      ['the viewer', '#case=sampler-ddim', ''],
      ['the viewer of a fault', '#case=controlnet-canny&mode=slider', ''],
      ['the help', '', '?'],
    ])('%s', async (_, hash, key) => {
      await page.goto(`${report.url}${hash || '#'}`)
      const id = new URLSearchParams(hash.slice(1)).get('case')
      if (id !== null) {
        await page.locator('#viewer-title').getByText(id, { exact: true }).waitFor()
        await page.locator('.details section').first().waitFor()
        for (const summary of await page.locator('.details > details > summary').all()) await summary.click()
      }
      if (key !== '') await page.keyboard.press(key)
      // What is dark differs by its colours alone.
      expect(await violations(page, colorScheme === 'dark' ? ['color-contrast'] : undefined)).toEqual([])
    })
  })
})
