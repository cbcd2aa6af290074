/** Draws a pane: its layers, the slider's divider, the frame around a block. */
import type { View } from '../link.js'
import { createCanvas } from '../pictures.js'
import type { Block } from './comparison.js'
import type { Pane } from './modes.js'

/** Radius in pixels of the handle by which the divider is taken. */
export const GRIP = 14

export function paintPane(
  canvas: HTMLCanvasElement,
  pane: Pane,
  { view, mark }: { view: View; mark: Block | undefined },
) {
  const { clientWidth, clientHeight } = canvas
  const dots = devicePixelRatio
  canvas.width = Math.round(clientWidth * dots)
  canvas.height = Math.round(clientHeight * dots)
  const context = canvas.getContext('2d')
  if (context === null) return
  const { scale } = view
  const left = clientWidth / 2 - view.x * scale
  const top = clientHeight / 2 - view.y * scale
  const snap = (value: number) => Math.round(value * dots)
  context.imageSmoothingEnabled = scale * dots < 1
  context.imageSmoothingQuality = 'high'
  const first = pane.layers[0]?.bitmap
  if (first) {
    const box = [snap(left), snap(top), snap(first.width * scale), snap(first.height * scale)] as const
    checker(context, box, dots)
  }
  for (const { bitmap, opacity = 1, until = 1 } of pane.layers) {
    context.save()
    context.globalAlpha = opacity
    context.beginPath()
    context.rect(snap(left), snap(top), snap(bitmap.width * scale * until), snap(bitmap.height * scale))
    context.clip()
    context.drawImage(bitmap.source, snap(left), snap(top), snap(bitmap.width * scale), snap(bitmap.height * scale))
    context.restore()
  }
  if (first && pane.divider !== undefined) {
    const x = snap(left + first.width * scale * pane.divider)
    line(context, { dots, from: [x, snap(top)], to: [x, snap(top + first.height * scale)] })
    grip(context, { x, y: canvas.height / 2, dots })
  }
  if (mark) {
    frame(context, {
      x: snap(left + mark.x * scale),
      y: snap(top + mark.y * scale),
      side: snap(mark.size * scale),
      dots,
    })
  }
}

interface Frame {
  x: number
  y: number
  side: number
  dots: number
}

/** What is seen through transparent pixels. */
function checker(context: CanvasRenderingContext2D, box: readonly [number, number, number, number], dots: number) {
  const side = 8 * dots
  const [tile, paint] = createCanvas(2 * side, 2 * side)
  paint.fillStyle = '#c4c8ce'
  paint.fillRect(0, 0, 2 * side, 2 * side)
  paint.fillStyle = '#eceef1'
  paint.fillRect(0, 0, side, side)
  paint.fillRect(side, side, side, side)
  context.fillStyle = context.createPattern(tile, 'repeat') ?? '#c4c8ce'
  context.fillRect(...box)
}

function line(
  context: CanvasRenderingContext2D,
  { from, to, dots }: { from: [number, number]; to: [number, number]; dots: number },
) {
  for (const [colour, width] of [
    ['#0009', 4],
    ['#fff', 2],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = width * dots
    context.beginPath()
    context.moveTo(...from)
    context.lineTo(...to)
    context.stroke()
  }
}

function grip(context: CanvasRenderingContext2D, { x, y, dots }: { x: number; y: number; dots: number }) {
  context.fillStyle = '#fff'
  context.strokeStyle = '#0009'
  context.lineWidth = dots
  context.beginPath()
  context.arc(x, y, GRIP * dots, 0, 2 * Math.PI)
  context.fill()
  context.stroke()
  context.fillStyle = '#333'
  for (const side of [-1, 1]) {
    context.beginPath()
    context.moveTo(x + side * 9 * dots, y)
    context.lineTo(x + side * 4 * dots, y - 5 * dots)
    context.lineTo(x + side * 4 * dots, y + 5 * dots)
    context.fill()
  }
}

function frame(context: CanvasRenderingContext2D, { x, y, side, dots }: Frame) {
  for (const [colour, width] of [
    ['#000c', 4],
    ['#ffd54a', 2],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = width * dots
    context.strokeRect(x, y, side, side)
  }
}
