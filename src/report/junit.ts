import type { CaseResult, Run } from '../harness/run-schema.js'
import { formatNumber } from './format.js'
import { expiredWaivers, outcomeOf, reasonOf } from './summary.js'

/**
 * The run as JUnit XML, which every CI shows. A case without a golden and a case that never ran are errors: a gate that
 * compared nothing must not look green. Drift passes and says so; a waiver, and a run nobody has checked yet, are skipped.
 */
export function renderJunit(run: Run): string {
  const cases = run.cases.map(testCase)
  const never = run.pending.map(
    id =>
      `    <testcase name="${attribute(id)}" classname="horde-onnx" time="0">\n${problem('error', 'pending', 'never ran: the run was cut off')}    </testcase>\n`,
  )
  const waivers = expiredWaivers(run).map(
    (message, index) =>
      `    <testcase name="waiver ${index + 1}" classname="horde-onnx.waivers" time="0">\n${problem('failure', 'expired', message)}    </testcase>\n`,
  )
  const outcomes = run.cases.map(outcomeOf)
  const count = (...wanted: string[]) => outcomes.filter(outcome => wanted.includes(outcome)).length
  const totals = [
    `tests="${cases.length + never.length + waivers.length}"`,
    `failures="${count('fail') + waivers.length}"`,
    `errors="${count('error', 'no-golden') + never.length}"`,
    `skipped="${count('waived', 'unjudged')}"`,
    `time="${seconds(run.wallMs)}"`,
  ].join(' ')
  const properties = Object.entries({
    backend: run.backend,
    version: run.version,
    commit: run.commit ?? '',
    environment: run.environment.class,
    device: run.environment.device,
  }).map(([name, value]) => `      <property name="${name}" value="${attribute(value)}"/>\n`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<testsuites name="horde-onnx" ${totals}>\n`,
    `  <testsuite name="${attribute(run.id)}" timestamp="${attribute(run.createdAt)}" hostname="${attribute(run.environment.class)}" ${totals}>\n`,
    `    <properties>\n${properties.join('')}    </properties>\n`,
    ...cases,
    ...never,
    ...waivers,
    '  </testsuite>\n</testsuites>\n',
  ].join('')
}

function testCase(result: CaseResult): string {
  const className = ['horde-onnx', ...result.fixture.features.slice(0, 1)].join('.')
  const opening = `    <testcase name="${attribute(result.id)}" classname="${attribute(className)}" time="${seconds(result.timings.total)}">\n`
  return `${opening}${body(result)}    </testcase>\n`
}

function body(result: CaseResult): string {
  const outcome = outcomeOf(result)
  const reason = reasonOf(result)
  switch (outcome) {
    case 'fail':
      return problem('failure', result.verdict?.gate ?? outcome, reason, details(result))
    case 'error':
    case 'no-golden':
      return problem('error', outcome, reason, details(result))
    case 'waived':
    case 'unjudged':
      return `      <skipped message="${attribute(reason)}"/>\n`
    case 'drift':
      return `      <system-out>${text(`drift: ${reason}\n${details(result)}`)}</system-out>\n`
    case 'pass':
      return ''
  }
}

function problem(element: 'failure' | 'error', type: string, message: string, more = ''): string {
  return `      <${element} type="${attribute(type)}" message="${attribute(message)}">${text(more)}</${element}>\n`
}

function details({ verdict, faults }: CaseResult): string {
  const gates = (verdict?.gates ?? []).map(({ gate, verdict, reason, metrics }) => {
    const measured = Object.entries(metrics).map(([name, value]) => `${name}=${formatNumber(value)}`)
    return `${gate}: ${verdict}: ${reason}${measured.length > 0 ? ` (${measured.join(', ')})` : ''}`
  })
  return [...gates, ...faults.map(({ code, message, hint }) => `${code}: ${message}${hint ? ` (${hint})` : ''}`)].join(
    '\n',
  )
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function text(value: string): string {
  return legal(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function attribute(value: string): string {
  return text(value)
    .replaceAll('"', '&quot;')
    .replace(/[\t\n\r]/g, character => `&#${character.charCodeAt(0)};`)
}

/** XML 1.0 has no way to write most control characters, nor lone surrogates. */
function legal(value: string): string {
  return value.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
}
