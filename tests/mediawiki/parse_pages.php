<?php
/**
 * Renders many pages in one PHP process, each with a parser and so a Lua process of its own.
 * Arguments: files of wikitext; a page's title is its file's name without .wikitext. Prints JSON: title -> HTML.
 */

use MediaWiki\MediaWikiServices;

require_once getenv( 'MW_INSTALL_PATH' ) . '/maintenance/Maintenance.php';

class ParsePages extends Maintenance {
	public function __construct() {
		parent::__construct();
		$this->addArg( 'file', 'A page of wikitext; more may follow' );
	}

	public function execute() {
		$rendered = [];
		foreach ( $this->mArgs as $file ) {
			$name = basename( $file, '.wikitext' );
			$parser = MediaWikiServices::getInstance()->getParserFactory()->create();
			$title = Title::newFromText( $name );
			$output = $parser->parse( file_get_contents( $file ), $title, ParserOptions::newFromAnon() );
			$rendered[$name] = $output->getText();
			// A parser ends its Lua process when PHP frees it, and it is part of a cycle.
			unset( $parser, $output );
			gc_collect_cycles();
		}
		$this->output( json_encode( $rendered, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE ) );
	}
}

$maintClass = ParsePages::class;
require_once RUN_MAINTENANCE_IF_MAIN;
