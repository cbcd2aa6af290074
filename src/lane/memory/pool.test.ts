import { describe, expect, it } from 'vitest'
import { OutOfMemoryError } from '../../errors.js'
import type { Session } from '../session.js'
import { createBudget, parseLeaveFree } from './budget.js'
import { createNetworkPool } from './pool.js'

/** A machine of 100 bytes, of which 10 are left free. */
function machine() {
  const resident = new Map<string, number>()
  const used = () => [...resident.values()].reduce((sum, bytes) => sum + bytes, 0)
  const budget = createBudget({ share: 0.1 }, () => ({ total: 100, free: 100 - used() }))
  const pool = createNetworkPool(budget, used)
  const use = (user: object, key: string, bytes: number) =>
    pool.use(user, { key, name: key, bytes }, async () => {
      resident.set(key, bytes)
      return {
        name: key,
        run: async () => ({}),
        activationBytes: () => 0,
        release: async () => void resident.delete(key),
      } satisfies Session
    })
  return { pool, use, names: () => [...resident.keys()] }
}

describe('resident networks', () => {
  it('stay until there is no room, and are loaded once', async () => {
    const { pool, use, names } = machine()
    const job = {}
    const [unet, again] = await Promise.all([use(job, 'unet', 50), use({}, 'unet', 50)])
    expect(unet).toBe(again)
    await use(job, 'vae', 30)
    pool.done(job)
    expect(names()).toEqual(['unet', 'vae'])
  })

  it('that nobody uses make room for others; those in use stay', async () => {
    const { pool, use, names } = machine()
    const [one, other] = [{}, {}]
    await use(one, 'old', 50)
    await use(other, 'used', 30)
    pool.done(one)
    await use(one, 'new', 50)
    expect(names()).toEqual(['used', 'new'])
  })

  it('are waited for where they are in use', async () => {
    const { pool, use, names } = machine()
    const [one, other] = [{}, {}]
    await use(one, 'first', 60)
    let loaded = false
    const second = use(other, 'second', 60).then(() => {
      loaded = true
    })
    await new Promise(resolve => setTimeout(resolve, 10))
    expect(loaded).toBe(false)
    pool.done(one)
    await second
    expect(names()).toEqual(['second'])
  })

  it('that are larger than what may be used are refused, and the message says how much it takes', async () => {
    const { use } = machine()
    await expect(use({}, 'giant', 95)).rejects.toThrow(OutOfMemoryError)
    await expect(use({}, 'giant', 2 ** 30)).rejects.toThrow(/loading giant needs about 1024 MiB/)
  })

  it('make room for runs', async () => {
    const { pool, use, names } = machine()
    const job = {}
    await use(job, 'idle', 50)
    pool.done(job)
    expect(await pool.afford(30)).toBe(true)
    expect(names()).toEqual(['idle'])
    expect(await pool.afford(60)).toBe(true)
    expect(names()).toEqual([])
    expect(await pool.afford(95)).toBe(false)
  })

  it('stay when somebody comes for them while others are released', async () => {
    const { pool, use, names } = machine()
    const first = {}
    await use(first, 'one', 20)
    await use(first, 'other', 20)
    pool.done(first)
    const released = pool.makeRoom()
    await use({}, 'other', 20)
    await released
    expect(names()).toEqual(['other'])
  })

  it('are recorded with what was estimated and what was measured', async () => {
    const { pool, use } = machine()
    await use({}, 'unet', 40)
    expect(pool.records()).toMatchObject([{ name: 'unet', estimated: 40, measured: 40, resident: true }])
  })
})

describe('memory that is left free', () => {
  it.each([
    ['80%', { share: 0.8 }],
    ['2048', { bytes: 2 ** 31 }],
    ['1.5 GB', { bytes: 1.5 * 2 ** 30 }],
    [512, { bytes: 2 ** 29 }],
  ])('is given as %s', (text, leave) => {
    expect(parseLeaveFree('ramToLeaveFree', text)).toEqual(leave)
  })

  it.each(['120%', 'much', '-1', ''])('is not "%s"', text => {
    expect(() => parseLeaveFree('ramToLeaveFree', text)).toThrow(/ramToLeaveFree must be/)
  })
})
