/// Where documents come from: folders, uploads, lists of addresses and JSON Lines files become bytes
/// with an identity.
///
/// A source is listed lazily and may be listed again at any time; what cannot be read is an item of its
/// own with the reason, never an exception that ends the listing.
@NullMarked
package dev.tidemill.source;

import org.jspecify.annotations.NullMarked;
