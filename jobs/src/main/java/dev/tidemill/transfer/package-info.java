/// One project as one portable file: the job `export` writes it, the job `import` reads it into another workspace or
/// installation, without embedding anything again. `docs/transfer.md` describes the file.
@NullMarked
package dev.tidemill.transfer;

import org.jspecify.annotations.NullMarked;
