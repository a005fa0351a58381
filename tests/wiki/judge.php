<?php
/**
 * Expands texts in a real MediaWiki: JSON on stdin, a list of { title, text }, gives JSON on stdout, a list of
 * { text, errors, warnings, categories }: warnings are texts. Each text is a page view of its own: a parser with a Lua process of its own.
 */

use MediaWiki\MediaWikiServices;

require_once getenv( 'MW_INSTALL_PATH' ) . '/maintenance/Maintenance.php';

class Judge extends Maintenance {
	public function execute() {
		$input = json_decode( file_get_contents( 'php://stdin' ), true );
		$answers = [];
		foreach ( $input['cases'] as $case ) {
			$parser = MediaWikiServices::getInstance()->getParserFactory()->create();
			$options = ParserOptions::newFromAnon();
			$options->setTimestamp( $input['now'] );
			try {
				$text = $parser->preprocess( $case['text'], Title::newFromText( $case['title'] ), $options );
			} catch ( Throwable $error ) {
				$text = 'MediaWiki raises ' . get_class( $error ) . ': ' . $error->getMessage();
			}
			$output = $parser->getOutput();
			$answers[] = [
				'text' => $text,
				'errors' => $output->getExtensionData( 'ScribuntoErrors' ) ?? [],
				'warnings' => $output->getWarnings(),
				'categories' => $output->getCategoryNames(),
			];
			$parser->clearState();
		}
		$this->output( json_encode( $answers, JSON_INVALID_UTF8_SUBSTITUTE ) );
	}
}

$maintClass = Judge::class;
require_once RUN_MAINTENANCE_IF_MAIN;
