/// Texts to vectors, in this process and without a network: ONNX models with their WordPiece tokenizer.
/// One text a call, one caller a core: batching is slower on a CPU, and the vectors of a quantised
/// model depend on the batch they were made in.
@NullMarked
package dev.tidemill.embed;

import org.jspecify.annotations.NullMarked;
