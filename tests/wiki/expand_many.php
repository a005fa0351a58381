<?php
/**
 * Expands many texts in one PHP process, as Special:ExpandTemplates does it.
 *
 * stdin: one JSON object a line: text, title, and timestamp (14 digits) for the page view's clock.
 * stdout: one JSON string a line, the expansion; or {"error": …} where MediaWiki raised something.
 */

use MediaWiki\MediaWikiServices;

require_once getenv( 'MW_INSTALL_PATH' ) . '/maintenance/Maintenance.php';

class ExpandMany extends Maintenance {
	public function execute() {
		$flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE;
		while ( ( $line = fgets( STDIN ) ) !== false ) {
			$case = json_decode( $line, true );
			try {
				$answer = $this->expand( $case );
			} catch ( Throwable $error ) {
				$answer = [ 'error' => get_class( $error ) . ': ' . $error->getMessage() ];
			}
			fwrite( STDOUT, json_encode( $answer, $flags ) . "\n" );
			fflush( STDOUT );
		}
	}

	private function expand( array $case ): string {
		$options = ParserOptions::newFromAnon();
		$options->setTimestamp( $case['timestamp'] ?? '20260102030405' );
		$options->setRemoveComments( true );
		// A parser of its own for each text: caches of expansions and counts of limits start anew.
		$parser = MediaWikiServices::getInstance()->getParserFactory()->create();
		return $parser->preprocess( $case['text'], Title::newFromText( $case['title'] ?? 'Subject' ), $options );
	}
}

$maintClass = ExpandMany::class;
require_once RUN_MAINTENANCE_IF_MAIN;
