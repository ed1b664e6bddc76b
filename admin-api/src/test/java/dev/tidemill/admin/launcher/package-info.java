/// The launcher script and its set-up, run with stand-ins for Maven, Java and the machine's package manager.
@NullMarked
package dev.tidemill.admin.launcher;

import org.jspecify.annotations.NullMarked;
