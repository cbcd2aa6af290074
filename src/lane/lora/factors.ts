/** LoRAs as inputs of a graph that takes the factors of its layers: changing LoRAs changes tensors and reloads nothing. */
import { type SideBranch, sideBranches } from '../../models/lora/delta.js'
import type { LoraLayer } from '../../networks/index.js'
import type { Feeds } from '../session.js'
import type { Change } from './changes.js'

interface ScaledBranch extends SideBranch {
  factor: number
}

/** The inputs of all `layers`; those of layers that no change is for have rank 0. */
export async function factorFeeds(
  changes: ReadonlyMap<Change, LoraLayer>,
  layers: readonly LoraLayer[],
): Promise<Feeds> {
  const branches = new Map<LoraLayer, ScaledBranch[]>()
  const read = await sideBranches([...changes.keys()].map(({ module }) => module))
  for (const [i, [{ strength }, layer]] of [...changes].entries()) {
    const branch = read[i]
    if (branch === undefined) throw new Error('unreachable: layersOf() has seen a low-rank sum')
    const all = branches.get(layer) ?? []
    branches.set(layer, all)
    // Rounded where torch rounds it when it merges weights.
    all.push({ ...branch, factor: Math.fround(strength * branch.scale) })
  }
  const feeds: Feeds = {}
  for (const layer of layers) {
    const { up, down, rank } = stack(branches.get(layer) ?? [], layer.out)
    feeds[layer.down] = { shape: [rank, layer.in, ...layer.kernel], data: down }
    feeds[layer.up] = { shape: [layer.out, rank, ...layer.kernel.map(() => 1)], data: up }
  }
  return feeds
}

/** Several branches as one of their common rank: downs one below the other, ups side by side and scaled. */
function stack(branches: readonly ScaledBranch[], out: number): Pick<SideBranch, 'up' | 'down' | 'rank'> {
  const [only, another] = branches
  if (only !== undefined && another === undefined) return scaled(only)
  const rank = branches.reduce((sum, branch) => sum + branch.rank, 0)
  const down = new Float32Array(branches.reduce((length, branch) => length + branch.down.length, 0))
  const up = new Float32Array(out * rank)
  let firstColumn = 0
  let at = 0
  for (const branch of branches) {
    down.set(branch.down, at)
    at += branch.down.length
    for (let row = 0; row < out; row++) {
      for (let column = 0; column < branch.rank; column++) {
        const value = branch.up[row * branch.rank + column] as number
        up[row * rank + firstColumn + column] = branch.factor * value
      }
    }
    firstColumn += branch.rank
  }
  return { up, down, rank }
}

/** One branch needs no stacking: its values are nobody else's and are scaled where they are. */
function scaled({ up, down, rank, factor }: ScaledBranch): Pick<SideBranch, 'up' | 'down' | 'rank'> {
  for (let i = 0; i < up.length; i++) up[i] = factor * (up[i] as number)
  return { up, down, rank }
}
