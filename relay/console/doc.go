// Package console is the pages for a browser: webhooks, events, deliveries and the
// configuration, to look at and to act on. webhooks.yaml stays the only place where
// webhooks are declared; the console edits it as the commands do.
//
// A browser runs pages of the whole web beside these, and other programs of this machine
// listen on other ports of the same name. What they might do, why it does not work, and
// the test that fails once it does:
//
//	another site has the browser change something | Sec-Fetch-Site and Origin, JSON, the key, SameSite=Strict | TestChanges, TestElsewhere
//	another site, or another port, reads what it links to or embeds | a page without data moves on, the rest is refused; CORP, COOP, no CORS | TestElsewhere, TestHeaders
//	a name of another site is made to lead here (DNS rebinding) | a Host must be ours | TestOverTheGuard, httpd.TestSite
//	another site frames a page, to have its buttons clicked | frame-ancestors 'none' | TestHeaders
//	another port gets the cookie, which knows no ports | a change needs the key, too, which is kept by the origin | TestStolenCookieChangesNothing
//	another port plants a cookie of the same name | of several the one of a session counts | TestWhoMayLook
//	the cookie is used to call the API | the API does not look at cookies | TestOverTheGuard
//	somebody on this machine opens the port | nothing is shown without a session or a token | TestNothingWithoutSession
//	another machine opens the port | the console is on loopback alone | httpd.TestSiteIsNotOpen
//	who may look changes something | a session has a level; the read token leads to one for looking | TestChanges, TestToken
//	a GET changes something, such as an image or a prefetch | changes are POST | TestChanges
//	a link is found later: in a history, a log, a chat | it works once, within a minute; no referrer | TestLink, TestLinkExpires
//	a link is used up, or used, by what only looks at it | it must be followed | TestLinkIsOnlyFollowed
//	a code, a cookie or a key is guessed | 256 random bits; kept as hashes | session.TestRandom, session.TestKey
//	the token is guessed | 5 failures in a minute, compared in constant time | TestWrongTokens, session.TestTokens
//	a browser is left open | a session ends after 8 hours without use, and 24 in all; a page that is only open does not use it | session.TestSessionEnds, TestStreamEnds
//	a page is found in a cache | no-store | TestHeaders
//	what a receiver answered is run as HTML | templates escape it; the policy runs no script but ours, and trusted types make HTML | TestHostileText, TestHeaders
//	an event's data is HTML, and is opened | it is a download, of the type that it says | TestDownloads, TestHeaders
//	many sign in or open streams, to use up the memory | all numbers are bounded | session.TestBounds, TestStreams
//	the page that moves on is made to lead elsewhere | it leads to a path of this origin | TestElsewhere
package console
