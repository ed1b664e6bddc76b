/// Backups, restored databases and drills over HTTP, for the operators of the whole installation.
@NullMarked
package dev.tidemill.admin.backups;

import org.jspecify.annotations.NullMarked;
