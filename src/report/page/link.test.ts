import { describe, expect, it } from 'vitest'
import { formatLink, type PageState, parseLink, START } from './link.js'

describe('the address of a view', () => {
  it('says nothing of what is as at the start', () => {
    expect(formatLink(START)).toBe('#')
    expect(parseLink('')).toEqual(START)
  })

  it('can be written by hand', () => {
    expect(parseLink('#case=sampler-ddim&mode=slider&verdict=fail,drift')).toMatchObject({
      open: 'sampler-ddim',
      mode: 'slider',
      outcomes: ['fail', 'drift'],
    })
  })

  it('leads back to the same view', () => {
    const state: PageState = {
      tab: 'features',
      query: 'a & b=c #1 日本',
      outcomes: ['fail', 'no-golden'],
      feature: 'k_euler/x,y',
      gate: 'pixels',
      cause: '0123456789ab',
      group: 'feature',
      sort: 'time',
      open: 'a&mode=heat',
      mode: 'onion',
      reference: 'twin',
      picture: 2,
      view: { scale: 12.5, x: 64.25, y: 3 },
      position: 0.25,
    }
    expect(parseLink(formatLink(state))).toEqual(state)
  })

  it('ignores what it cannot understand', () => {
    const nonsense =
      '#mode=explode&group=x&sort=__proto__&verdict=fail,x&view=1e9,NaN,2&picture=-4&position=7&with=nobody'
    expect(parseLink(nonsense)).toEqual({ ...START, outcomes: ['fail'] })
  })
})
