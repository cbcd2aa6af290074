// Everything there is to test: the suite, every shipped payload against its golden, every request of the reference packs. The table
// in docs/parity.md is written anew.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const whole = '../shared/reference'
const packs = ['fixtures/reference', whole]
const missing = packs.filter(pack => !existsSync(join(root, pack)))
const cli = (...args) => [process.execPath, 'dist/cli/main.js', ...args]

const steps = [
  ['npm', 'test'],
  cli('replay', '--check'),
  ...packs
    .filter(pack => !missing.includes(pack))
    .map(pack => cli('parity', pack, ...(pack === whole ? ['--markdown', 'docs/parity.md'] : []))),
]

const results = steps.map(([command, ...args]) => {
  const since = performance.now()
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  return {
    step: args.filter(arg => arg !== 'dist/cli/main.js').join(' '),
    status,
    seconds: (performance.now() - since) / 1000,
  }
})

process.stdout.write('\n')
for (const { step, status, seconds } of results)
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${step} (${seconds.toFixed(0)} s)\n`)
for (const pack of missing) process.stdout.write(`skip parity ${pack}: it is not there\n`)
process.exitCode = results.find(({ status }) => status !== 0)?.status ?? 0
