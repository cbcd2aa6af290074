import { ExitCode, HordeOnnxError } from '../errors.js'

/** A node whose inputs do not fit it: most often a checkpoint whose tensors have other shapes than its architecture says. */
export class GraphError extends HordeOnnxError {
  constructor(message: string) {
    super('graph', ExitCode.engine, message, {
      hint: 'the model file is damaged or of an architecture that is not supported',
    })
  }
}
