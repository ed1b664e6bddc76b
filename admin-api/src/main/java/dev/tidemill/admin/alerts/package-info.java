/// Events, channels and their delivery log over HTTP.
@NullMarked
package dev.tidemill.admin.alerts;

import org.jspecify.annotations.NullMarked;
