import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, makeReport, NO_BROWSER, type OpenPage, open, type Report } from './browser.js'
import { addSections } from './sections.js'

describe.skipIf(NO_BROWSER !== undefined)(`the page in a browser${NO_BROWSER ? ` (${NO_BROWSER})` : ''}`, () => {
  let browser: Browser
  let report: Report

  beforeAll(async () => {
    ;[browser, report] = await Promise.all([launch(), makeReport(undefined, addSections)])
  })

  afterAll(async () => {
    await browser?.close()
    await report?.remove()
  })

  /** Opens the page, and expects after the story that nothing was amiss with it. */
  async function visit(hash: string, story: (page: Page) => Promise<void>, options?: Parameters<typeof open>[2]) {
    const { page, complaints }: OpenPage = await open(browser, report.url + hash, options)
    try {
      await story(page)
      expect(complaints).toEqual([])
    } finally {
      await page.context().close()
    }
  }

  const shown = (page: Page) => page.locator('.grid li').evaluateAll(places => places.map(place => place.dataset.case))
  const hash = (page: Page) => new URLSearchParams(new URL(page.url()).hash.slice(1))
  const pressed = (page: Page, name: string) =>
    page.getByRole('button', { name, exact: true }).getAttribute('aria-pressed')

  const metricsOf = (id: string) => report.run.cases.find(each => each.id === id)?.verdict?.gates.at(-1)?.metrics ?? {}

  /** Colours of a picture in the run's folder at a pixel, read by another decoder. */
  async function pixelOf(file: string, x: number, y: number): Promise<number[]> {
    const raw = await sharp(await readFile(join(report.folder, file)))
      .raw()
      .toBuffer()
    return [...raw.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 3)]
  }

  /** Colours that pane `index` shows at a pixel of its picture, when the picture fills it as `view` says. */
  async function shownPixel(page: Page, index: number, { x, y, scale }: { x: number; y: number; scale: number }) {
    return page
      .locator('.pane canvas')
      .nth(index)
      .evaluate(
        (canvas: HTMLCanvasElement, [x, y, scale]) => {
          const left = canvas.width / 2 + (x - 64) * scale
          const top = canvas.height / 2 + (y - 64) * scale
          return [...(canvas.getContext('2d')?.getImageData(Math.floor(left), Math.floor(top), 1, 1).data ?? [])].slice(
            0,
            3,
          )
        },
        [x + 0.5, y + 0.5, scale] as const,
      )
  }

  it('says at the top what the run comes to, and what was not measured', () =>
    visit('', async page => {
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
        'Of 13 cases 3 failed, 1 ended in an error; the stress run failed',
      )
      expect(await page.getByRole('region', { name: 'Parity' }).textContent()).toContain('7 / 12')
    }))

  it('opens with what there is where a run has no cases', async () => {
    const stressed = await makeReport([], addSections)
    const { page, complaints } = await open(browser, stressed.url)
    try {
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('1 of 24 jobs came out as another')
      expect(await page.getByRole('region', { name: 'Coverage' }).isVisible()).toBe(true)
      expect(await page.getByRole('link', { name: /^Cases/ }).count()).toBe(0)
      expect(complaints).toEqual([])
    } finally {
      await page.context().close()
      await stressed.remove()
    }
  })

  it('says by which command a pillar that was not measured would be', async () => {
    const bare = await makeReport([{ id: 'one' }])
    const { page } = await open(browser, bare.url)
    try {
      for (const [name, command] of [
        ['Stability', 'horde-onnx stress'],
        ['Speed', 'horde-onnx bench'],
      ]) {
        const says = await page.getByRole('region', { name: name ?? '' }).textContent()
        expect(says).toContain(`not measured${command}`)
      }
      // With the cases alone there is nothing to choose.
      expect(await page.getByRole('navigation', { name: 'Parts of the report' }).isVisible()).toBe(false)
    } finally {
      await page.context().close()
      await bare.remove()
    }
  })

  it('shows what stress found: who got whose picture, when, and in which lane', () =>
    visit('', async page => {
      const pillar = page.getByRole('region', { name: 'Stability' })
      expect(await pillar.textContent()).toContain('22 / 23jobs came out as when drawn alone')
      await pillar.getByRole('link').click()
      await page.waitForFunction(() => location.hash === '#tab=stability')
      const stress = page.getByRole('region', { name: 'Stress' })
      expect(await stress.locator('.totals .bad').allTextContents()).toEqual(['bleeds1'])
      const cells = stress.getByRole('row', { name: /^9 job-4/ }).getByRole('cell')
      expect((await cells.allTextContents()).slice(-2)).toEqual(['step3.denoised', 'job-2, by step3.denoised, latent'])
      const score = stress.getByRole('img', { name: '24 jobs in 2 lanes from 0 ms' })
      expect(await score.locator('.job').count()).toBe(24)
      expect(await score.locator('.job-broken').getAttribute('title')).toContain('9: job-4 · distinct')
      expect(await score.locator('.lane').nth(1).locator('.death').count()).toBe(1)
      await stress.getByRole('img', { name: /^memory of all lanes/ }).scrollIntoViewIfNeeded()
      await page.keyboard.press('d')
    }))

  it('shows how much faster than the baseline, and every run behind it', () =>
    visit('', async page => {
      const pillar = page.getByRole('region', { name: 'Speed' })
      expect(await pillar.textContent()).toContain('1.25×as fast as diffusers, 1.22–1.28× with 98 % confidence')
      await pillar.getByRole('link').click()
      await page.waitForFunction(() => location.hash === '#tab=speed')
      const bench = page.getByRole('region', { name: 'Bench' })
      const cells = (row: RegExp) => bench.getByRole('row', { name: row }).getByRole('cell').allTextContents()
      expect(await cells(/^square-512/)).toEqual(['512×512', '20', '4.0 s', '5', '5.1 s', '1.25× 1.22–1.28', 'faster'])
      expect(await cells(/^0.4/)).toContain('saturated')
      expect(await bench.getByRole('img', { name: 'baseline: 12 runs, median 816 ms' }).locator('.dot').count()).toBe(
        12,
      )
      expect(await page.getByRole('region', { name: 'Kudos' }).textContent()).toContain('9,150')
    }))

  it('shows the worst cases first, with their pictures and the metric that decided', () =>
    visit('', async page => {
      expect((await shown(page)).slice(0, 5)).toEqual([
        'sampler-ddim',
        'karras-off',
        'cfg-scale-12',
        'controlnet-canny',
        'clip-skip-2',
      ])
      const card = page.locator('[data-case="cfg-scale-12"]')
      await card.locator('img').nth(1).waitFor()
      expect(await card.locator('img').count()).toBe(2)
      const [, name, value, limit] =
        /(SSIM|PSNR|ΔRGB|worst block) ([\d.]+) [<>] ([\d.]+)/.exec(
          (await card.locator('.figures span').first().textContent()) ?? '',
        ) ?? []
      const key = { SSIM: 'ssim', PSNR: 'psnr', ΔRGB: 'mean_rgb', 'worst block': 'worst_block' }[name ?? ''] ?? ''
      const metrics = metricsOf('cfg-scale-12')
      expect(Number(value)).toBeCloseTo(metrics[key] ?? 0, 2)
      expect(Number(limit)).toBe(metrics[`limit_${key}`])
      expect(
        await card
          .locator('img')
          .first()
          .evaluate((img: HTMLImageElement) => img.naturalWidth),
      ).toBe(128)
    }))

  it('filters by verdict, feature and text, and puts it into the address', () =>
    visit('', async page => {
      await page.getByRole('button', { name: /^fail/ }).click()
      expect(await shown(page)).toEqual(['sampler-ddim', 'karras-off', 'cfg-scale-12'])
      await page.getByLabel('Feature', { exact: true }).selectOption('k_euler')
      expect(await shown(page)).toEqual(['karras-off'])
      await page.getByRole('button', { name: /^fail/ }).click()
      expect(await shown(page)).toEqual(['karras-off', 'sampler-k-euler'])
      await page.getByRole('searchbox').fill('KARRAS orange')
      expect(await shown(page)).toEqual(['karras-off'])
      expect(await page.getByRole('status').first().textContent()).toBe('1 of 13 cases')
      await page.getByRole('searchbox').fill('no such words')
      expect(await page.getByText('No case is like that.').isVisible()).toBe(true)
      await page.waitForFunction(
        () => location.hash.includes('q=no+such+words') && location.hash.includes('feature=k_euler'),
      )
    }))

  it('filters by the gate that stopped a case, and by cause', () =>
    visit('#gate=contract', async page => {
      expect(await shown(page)).toEqual(['controlnet-canny'])
      await page.getByLabel('Gate').selectOption('pixels')
      expect(await shown(page)).toEqual(['sampler-ddim', 'karras-off', 'cfg-scale-12', 'clip-skip-2', 'tiling'])
      await page.getByRole('button', { name: 'Clear filters' }).click()
      expect(await shown(page)).toHaveLength(13)
      await page.goto(`${report.url}#case=karras-off`)
      await page.locator('.details').getByRole('link', { name: 'c0ffee012345' }).click()
      await page.locator('dialog.viewer').waitFor({ state: 'hidden' })
      expect(await shown(page)).toEqual(['sampler-ddim', 'karras-off'])
    }))

  it('gathers cases by feature, each in the group of every feature it has', () =>
    visit('#group=feature&q=karras', async page => {
      const groups = page.locator('.group')
      expect(await groups.locator('h2').allTextContents()).toEqual(['karras1', 'k_euler1'])
      expect(await shown(page)).toEqual(['karras-off', 'karras-off'])
      await page.getByLabel('Group').selectOption('by verdict')
      expect(await groups.locator('h2').allTextContents()).toEqual(['fail1'])
      await page.keyboard.press('Escape')
      await page.keyboard.press('g')
      await page.waitForFunction(() => location.hash.includes('group=feature'))
    }))

  it('goes up and down among cards of two widths', () =>
    visit('', async page => {
      const at = () => page.evaluate(() => document.activeElement?.closest('li')?.dataset.case)
      const box = (id: string | undefined) => page.locator(`[data-case="${id}"]`).boundingBox()
      await page.keyboard.press('Home')
      const first = await at()
      await page.keyboard.press('ArrowDown')
      const below = await at()
      const [a, b] = [await box(first), await box(below)]
      expect(b?.y).toBeGreaterThan(a?.y ?? 0)
      expect(b?.x).toBeCloseTo(a?.x ?? -1, 0)
      await page.keyboard.press('ArrowUp')
      expect(await at()).toBe(first)
    }))

  it('shows what became of every feature, and leads from there to its cases', () =>
    visit('', async page => {
      await page.getByRole('link', { name: 'Features' }).click()
      const matrix = page.locator('.matrix')
      expect(await matrix.getByRole('columnheader').allTextContents()).toEqual([
        'feature',
        'horde-onnx 0.1.0',
        'comfyui 0.3.60',
      ])
      const row = (name: RegExp) => matrix.getByRole('row', { name })
      expect(await row(/^sampler 2/).textContent()).toContain('1 of 5 different')
      expect(await row(/^control:hed/).textContent()).toContain('1 unsupported')
      // What is the same everywhere is one row until asked for.
      expect(await row(/^size:large/).count()).toBe(0)
      await matrix.getByRole('button', { name: /^size/ }).click()
      expect(await row(/^size:large/).count()).toBe(1)
      expect(await page.getByRole('region', { name: 'Causes' }).textContent()).toContain('2 cases')
      await page.getByText('2 of 2 damages were caught').click()
      expect(await page.getByRole('row', { name: /^channel swap seed-2-63 pixels/ }).isVisible()).toBe(true)
      const coverage = page.getByRole('region', { name: 'Coverage' })
      expect(await coverage.locator('dt').allTextContents()).toEqual([
        'sampler2/4',
        'control0/2',
        'number1/2',
        'pairs1/2',
      ])
      await coverage.getByRole('button', { name: 'karras + k_euler' }).click()
      expect(await shown(page)).toEqual(['karras-off'])
      await page.goBack()
      await page.waitForFunction(() => location.hash === '#tab=features')
      await page.keyboard.press('t')
      expect(await page.getByRole('region', { name: 'Stress' }).isVisible()).toBe(true)
      await page.keyboard.press('t')
      expect(await page.getByRole('region', { name: 'Bench' }).isVisible()).toBe(true)
      await page.keyboard.press('t')
      expect(await page.getByRole('searchbox').isVisible()).toBe(true)
    }))

  it('sorts by name and by time', () =>
    visit('#sort=name', async page => {
      expect((await shown(page)).slice(0, 3)).toEqual(['cfg-scale-12', 'clip-skip-2', 'controlnet-canny'])
      await page.getByLabel('Sort').selectOption({ label: 'slowest first' })
      expect((await shown(page))[0]).toBe('sampler-k-euler')
    }))

  it('is worked by the keyboard alone', () =>
    visit('', async page => {
      await page.keyboard.press('/')
      await page.keyboard.type('sampler')
      await page.keyboard.press('Escape')
      expect(await shown(page)).toEqual(['sampler-ddim', 'sampler-k-euler', 'sampler-k-euler-a'])
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'sampler-k-euler', exact: false }).waitFor()
      await page.keyboard.press('j')
      expect(await page.locator('#viewer-title').textContent()).toContain('sampler-k-euler-a')
      await page.keyboard.press('k')
      await page.keyboard.press('k')
      expect(await page.locator('#viewer-title').textContent()).toContain('sampler-ddim')
      await page.keyboard.press('Escape')
      await page.locator('dialog.viewer').waitFor({ state: 'hidden' })
      expect(await page.evaluate(() => document.activeElement?.closest('li')?.dataset.case)).toBe('sampler-ddim')
      await page.keyboard.press('Escape')
      expect(await shown(page)).toHaveLength(13)
      await page.keyboard.press('1')
      expect(await shown(page)).toHaveLength(3)
      await page.keyboard.press('End')
      expect(await page.evaluate(() => document.activeElement?.closest('li')?.dataset.case)).toBe('cfg-scale-12')
      await page.keyboard.press('s')
      expect(await page.getByLabel('Sort').inputValue()).toBe('name')
    }))

  it('tells all keys at ?', () =>
    visit('', async page => {
      await page.keyboard.press('?')
      const help = page.getByRole('dialog', { name: 'Keyboard' })
      await help.waitFor()
      expect(await help.textContent()).toContain('go to the worst block')
      await page.keyboard.press('Escape')
      await help.waitFor({ state: 'hidden' })
    }))

  it('shows candidate, golden and twin side by side, each with its own pixels', () =>
    visit('#case=karras-off&view=4,64,64', async page => {
      await page.locator('.pane canvas').nth(2).waitFor()
      expect(await page.locator('.pane figcaption').allTextContents()).toEqual(['Candidate', 'Golden', 'Twin'])
      const at = { x: 90, y: 90, scale: 4 }
      expect(await shownPixel(page, 0, at)).toEqual(await pixelOf('3.0.png', 90, 90))
      expect(await shownPixel(page, 1, at)).toEqual(await pixelOf('golden/3.0.png', 90, 90))
      expect(await shownPixel(page, 2, at)).toEqual(await pixelOf('0.0.png', 90, 90))
    }))

  it('keeps pixels crisp at any scale', () =>
    visit('#case=karras-off&mode=slider&position=0&view=48,80,84', async page => {
      await page.locator('.pane canvas').waitFor()
      const colours = await page.locator('.pane canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas
          .getContext('2d')
          ?.getImageData(0, Math.floor(canvas.height / 2) + 4, canvas.width, 1) ?? { data: [] }
        const changes: number[] = []
        for (let x = 1; x < canvas.width; x++) {
          const same = [0, 1, 2].every(c => data[4 * x + c] === data[4 * (x - 1) + c])
          if (!same) changes.push(x)
        }
        return changes
      })
      // Colours change at the borders of 48 screen pixels or nowhere: nothing is smoothed.
      expect(colours.length).toBeGreaterThan(5)
      for (const [index, x] of colours.slice(1).entries()) expect((x - (colours[index] ?? 0)) % 48).toBe(0)
    }))

  it('slides between candidate and golden', () =>
    visit('#case=karras-off&mode=slider&view=4,64,64', async page => {
      await page.locator('.pane canvas').waitFor()
      const inBlock = { x: 90, y: 90, scale: 4 }
      expect(await shownPixel(page, 0, inBlock)).toEqual(await pixelOf('golden/3.0.png', 90, 90))
      for (let i = 0; i < 8; i++) await page.keyboard.press('.')
      expect(await shownPixel(page, 0, inBlock)).toEqual(await pixelOf('3.0.png', 90, 90))
      const box = (await page.locator('.pane canvas').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
      const middle = box.x + box.width / 2
      await page.mouse.move(middle + (0.9 - 0.5) * 128 * 4, box.y + 60)
      await page.mouse.down()
      await page.mouse.move(middle, box.y + 60, { steps: 4 })
      await page.mouse.up()
      await page.waitForFunction(() => !location.hash.includes('position'))
      expect(Number(await page.getByLabel('Position').inputValue())).toBeCloseTo(0.5, 2)
      expect(await shownPixel(page, 0, inBlock)).toEqual(await pixelOf('golden/3.0.png', 90, 90))
    }))

  it('blends them as an onion skin', () =>
    visit('#case=karras-off&mode=onion&view=4,64,64', async page => {
      await page.locator('.pane canvas').waitFor()
      const [a, b] = await Promise.all([pixelOf('3.0.png', 90, 90), pixelOf('golden/3.0.png', 90, 90)])
      const blend = await shownPixel(page, 0, { x: 90, y: 90, scale: 4 })
      for (const [channel, value] of blend.entries()) {
        expect(Math.abs(value - ((a[channel] ?? 0) + (b[channel] ?? 0)) / 2)).toBeLessThanOrEqual(1)
      }
    }))

  it('blinks, and flips by hand', () =>
    visit('#case=karras-off&mode=blink&view=4,64,64', async page => {
      const caption = page.locator('.pane figcaption')
      await caption.getByText('Candidate').waitFor()
      await caption.getByText('Golden').waitFor()
      await caption.getByText('Candidate').waitFor()
      await page.keyboard.press('Space')
      const still = (await caption.textContent()) ?? ''
      const other = still === 'Golden' ? 'Candidate' : 'Golden'
      const file = { Candidate: '3.0.png', Golden: 'golden/3.0.png' }[still] ?? ''
      expect(await shownPixel(page, 0, { x: 90, y: 90, scale: 4 })).toEqual(await pixelOf(file, 90, 90))
      await page.waitForTimeout(1600)
      expect(await caption.textContent()).toBe(still)
      await page.keyboard.press('Space')
      expect(await caption.textContent()).toBe(other)
    }))

  it('stays still for those who asked for less motion', () =>
    visit(
      '#case=karras-off&mode=blink',
      async page => {
        await page.locator('.pane figcaption').waitFor()
        await page.waitForTimeout(1600)
        expect(await page.locator('.pane figcaption').textContent()).toBe('Candidate')
      },
      { reducedMotion: 'reduce' },
    ))

  it('shows what differs, how much, and that identical is identical', () =>
    visit('#case=karras-off&mode=difference&view=4,64,64', async page => {
      await page.locator('.pane canvas').waitFor()
      const { psnr = 0 } = metricsOf('karras-off')
      expect(await page.locator('.viewer footer').textContent()).toContain(`PSNR ${psnr.toFixed(1)} dB`)
      expect(await shownPixel(page, 0, { x: 10, y: 10, scale: 4 })).toEqual([0, 0, 0])
      const [a, b] = await Promise.all([pixelOf('3.0.png', 90, 90), pixelOf('golden/3.0.png', 90, 90)])
      expect(await shownPixel(page, 0, { x: 90, y: 90, scale: 4 })).toEqual(
        a.map((value, i) => Math.abs(value - (b[i] ?? 0))),
      )
      await page.goto(`${report.url}#case=seed-2-63&mode=difference`)
      await page.getByText('identical to the last bit').waitFor()
    }))

  it('maps the same SSIM as the gate measured', () =>
    visit('#case=karras-off&mode=heat', async page => {
      await page.locator('.pane canvas').waitFor()
      const { ssim = 0 } = metricsOf('karras-off')
      expect(await page.locator('.viewer footer').textContent()).toContain(`SSIM ${Number(ssim.toPrecision(4))}`)
    }))

  it("goes to the gate's worst block", () =>
    visit('#case=karras-off&mode=difference', async page => {
      await page.locator('.pane canvas').waitFor()
      await page.keyboard.press('w')
      const { worst_block_x: left = 0, worst_block_y: top = 0 } = metricsOf('karras-off')
      await page.waitForFunction(() => location.hash.includes('view='))
      const [scale = 0, x, y] = (hash(page).get('view') ?? '').split(',').map(Number)
      expect([x, y]).toEqual([left + 32, top + 32])
      expect(scale).toBeGreaterThan(2)
    }))

  it('zooms about the pointer and fits again', () =>
    visit('#case=karras-off&mode=onion&position=1&view=4,64,64', async page => {
      const canvas = page.locator('.pane canvas')
      await canvas.waitFor()
      const box = (await canvas.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
      await page.mouse.move(box.x + box.width / 2 + 100, box.y + box.height / 2)
      await page.mouse.wheel(0, -240)
      await page.waitForFunction(() => location.hash.includes('view=8,'))
      const [, x, y] = (hash(page).get('view') ?? '').split(',').map(Number)
      // The pixel under the pointer was 25 right of the middle and is 12.5 right of it now.
      expect(x).toBeCloseTo(76.5, 0)
      expect(y).toBeCloseTo(64, 0)
      await page.keyboard.press('0')
      await page.waitForFunction(() => !location.hash.includes('view='))
      await page.keyboard.press('z')
      await page.waitForFunction(() => location.hash.includes('view=1,'))
    }))

  it('opens where an address says, and goes back by the browser', () =>
    visit('#case=sampler-ddim&mode=heat&with=twin&verdict=fail', async page => {
      await page.locator('.pane canvas').waitFor()
      expect(await pressed(page, 'Heat map')).toBe('true')
      expect(await page.locator('.pane figcaption').textContent()).toBe('Heat map to twin')
      expect(await page.locator('.viewer > header').textContent()).toContain('1 of 3')
      await page.keyboard.press('Escape')
      expect(await shown(page)).toHaveLength(3)
      await page.goBack()
      await page.locator('dialog.viewer').waitFor()
      expect(await page.locator('#viewer-title').textContent()).toContain('sampler-ddim')
    }))

  it('goes through the pictures of a batch', () =>
    visit('#case=n-iter-3&view=4,64,64', async page => {
      await page.locator('.pane canvas').first().waitFor()
      await page.keyboard.press('n')
      await page.waitForFunction(() => location.hash.includes('picture=1'))
      expect(await page.getByLabel('Picture').inputValue()).toBe('picture 2 of 3')
      await expect.poll(() => shownPixel(page, 0, { x: 64, y: 64, scale: 4 })).toEqual(await pixelOf('6.1.png', 64, 64))
    }))

  it('shows a payload with all digits of its seed, and the notes', () =>
    visit('#case=sampler-k-euler', async page => {
      await page.getByText('Payload', { exact: true }).click()
      expect(await page.locator('.details pre').first().textContent()).toContain('"seed": "9223372036854775807"')
      expect(await page.locator('.details').textContent()).toContain('1000.5 was lowered to 100')
      expect(await page.locator('.details').textContent()).toContain('outside ONNX Runtime')
    }))

  it('tells by gates what was measured beside which limit, and how the latent left the golden', () =>
    visit('#case=karras-off', async page => {
      const details = page.locator('.details')
      const { ssim = 0 } = metricsOf('karras-off')
      const row = details.getByRole('row', { name: /^SSIM/ })
      expect(await row.getByRole('cell').allTextContents()).toEqual([
        `${Number(ssim.toPrecision(4))} (beyond)`,
        '≥ 0.98',
      ])
      expect(await details.locator('.ladder strong').allTextContents()).toEqual(['contract', 'plan', 'pixels'])
      expect(
        await details
          .getByRole('img', { name: '0.08 after step 1, 0.196 after step 6; it grew most at step 2' })
          .count(),
      ).toBe(1)
    }))

  it('shows what of the plan changed, and what a feature changes to its twin', () =>
    visit('#case=sampler-ddim', async page => {
      const changes = page.getByRole('table').first()
      expect(await changes.locator('tbody tr').allTextContents()).toEqual([
        'passes[0].sampler"euler"–',
        'passes[0].sigmas[3]1.31.2',
      ])
      await page.getByText('What it changes in the plan').click()
      expect(await page.getByText('the two plans are the same').isVisible()).toBe(true)
      await page.locator('.details').getByRole('button', { name: 'sampler-k-euler' }).click()
      await expect.poll(() => page.locator('#viewer-title bdi').textContent()).toBe('sampler-k-euler')
    }))

  it('is dark or light as the system says, until told otherwise', () =>
    visit(
      '',
      async page => {
        const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
        const dark = await ground()
        await page.keyboard.press('d')
        const light = await ground()
        expect(light).not.toBe(dark)
        // Browsers write what a page remembers a moment later.
        const reloaded = async () => {
          await page.reload()
          return ground()
        }
        await expect.poll(reloaded, { timeout: 10_000 }).toBe(light)
      },
      { colorScheme: 'dark' },
    ))
})
