/// Who may call what: API keys, their scopes, and the workspace each belongs to.
@NullMarked
package dev.tidemill.admin.security;

import org.jspecify.annotations.NullMarked;
