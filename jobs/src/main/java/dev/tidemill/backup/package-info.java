/// Backups that have answered questions. Four jobs: *backup* copies the database under one exported snapshot into
/// parts (rows as `COPY` gives them, the schema as `pg_dump` writes it), each compressed, sealed, hashed, written and
/// read back, and the manifest last; *verify* reads them again; *restore* makes a new database of them, never over
/// the live one; *drill* does that into a scratch database, compares it with the manifest, asks it the questions that
/// were asked when the backup was made, and removes it.
///
/// Progress is in the data: a part of a backup is done once its row says so, and the rows hold while the snapshot
/// does; what a restore did is noted in the database it makes, in the transactions that did it. [Catalogue] reads a
/// target, [Manifest] says what is in a backup, [dev.tidemill.seal.SealedOutput] how a part is sealed.
@NullMarked
package dev.tidemill.backup;

import org.jspecify.annotations.NullMarked;
