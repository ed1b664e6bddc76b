/// The database that comes with Tidemill: a private PostgreSQL cluster in a data folder, used where no
/// `DATABASE_URL` is given. [PrivateCluster] starts, shares and ends it; [DatabaseUrl] reads the
/// address of any other database.
@NullMarked
package dev.tidemill.postgres;

import org.jspecify.annotations.NullMarked;
