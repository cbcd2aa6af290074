import { describe, expect, it } from 'vitest'
import { caseOf, failedPixels, runOf } from '../../test/report/record.js'
import { renderJunit } from './junit.js'

describe('JUnit XML', () => {
  const xml = renderJunit(
    runOf(
      [
        caseOf('good', {}),
        caseOf('bad', failedPixels()),
        caseOf('new', { verdict: 'no-golden', reason: 'nothing is approved for it' }),
        caseOf('broken', undefined, { state: 'fault', faults: [{ code: 'unsupported', message: 'no canny' }] }),
        caseOf('waived', { verdict: 'waived', reason: 'known' }),
        caseOf('drifted', { verdict: 'drift', reason: 'close' }),
      ],
      { complete: false, pending: ['never'] },
    ),
  )

  it('counts what a CI must fail for: failures, errors, cases without a golden, cases that never ran', () => {
    expect(xml).toContain('<testsuites name="horde-onnx" tests="7" failures="1" errors="3" skipped="1" time="65.000">')
    expect(xml.match(/<testcase /g)).toHaveLength(7)
  })

  it('gives each its reason', () => {
    expect(xml).toContain('<failure type="pixels" message="another picture: SSIM 0.9512 is below 0.98">')
    expect(xml).toContain('<error type="no-golden" message="nothing is approved for it">')
    expect(xml).toContain('<error type="error" message="no canny">')
    expect(xml).toContain('<error type="pending" message="never ran: the run was cut off">')
    expect(xml).toContain('<skipped message="known"/>')
    expect(xml).toContain('ssim=0.9512, limit_ssim=0.98')
  })

  it('writes no character that XML does not have', () => {
    const text = renderJunit(
      runOf([caseOf('<a b="c">&\u0000\u001b\ud800', { verdict: 'fail', reason: 'two\nlines ]]>' })]),
    )
    expect(text).toContain('name="&lt;a b=&quot;c&quot;&gt;&amp;\ufffd\ufffd\ufffd"')
    expect(text).toContain('message="two&#10;lines ]]&gt;"')
    expect(text).not.toMatch(/[^\P{Cc}\n]/u)
  })
})
